"""Retrieval against trec_eval, the program by which the field defines these metrics."""

from typing import Any

import pytest
from hypothesis import given, settings

from support.retrieval import Case, cases, retrieved, similarities

pytrec_eval: Any = pytest.importorskip("pytrec_eval", reason="the extra 'dev' is not installed")


def trec(case: Case, query: int) -> dict[str, float]:
    """What trec_eval says of one query.

    It puts equal similarities in falling order of their documents' names, so that relevant ones
    are last where their names are first.
    """
    found = similarities(case)[query]
    others = [one for one in range(len(found)) if one != query]
    relevant = {one for one in others if case.groups[one] == case.groups[query]}
    names = {one: f"{'a' if one in relevant else 'b'}{one:03}" for one in others}
    judged = {"q": {names[one]: int(one in relevant) for one in others}}
    ranked = {"q": {names[one]: float(found[one]) for one in others}}
    asked = {"recip_rank", "recall.1,10", "ndcg_cut.10", f"map_cut.{len(relevant)}"}
    said = pytrec_eval.RelevanceEvaluator(judged, asked).evaluate(ranked)["q"]
    return {
        "mrr_at_10": said["recip_rank"] if said["recip_rank"] > 1 / 10.5 else 0.0,
        "recall_at_1": said["recall_1"],
        "recall_at_10": said["recall_10"],
        "map_at_r": said[f"map_cut_{len(relevant)}"],
        "ndcg_at_10": said["ndcg_cut_10"],
    }


@settings(max_examples=50)
@given(cases())
def test_every_query_is_judged_as_trec_eval_does(case: Case) -> None:
    found = retrieved(case)
    for place, query in enumerate(found.query.tolist()):
        expected = trec(case, query)
        ours = {name: getattr(found, name)[place] for name in expected}
        assert ours == pytest.approx(expected, abs=1e-6)
