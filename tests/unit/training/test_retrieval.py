"""Retrieval against its definitions, written slowly, and scikit-learn; above all in ties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from sklearn.metrics import average_precision_score, ndcg_score

from worker.training import retrieval
from worker.training.evaluation import score_test
from worker.training.loop import Training
from worker.training.retrieval import OF_A_QUERY, Retrieved, retrieve

from support.expect import expect
from support.retrieval import BASE, Case, cases, data_of, retrieved, similarities, slow
from support.training import tiny_spec


@given(cases())
def test_every_metric_of_every_query_is_what_its_definition_says(case: Case) -> None:
    found = retrieved(case)
    for place, query in enumerate(found.query.tolist()):
        expected = slow(case, query)
        assert {name: getattr(found, name)[place] for name in OF_A_QUERY} == pytest.approx(expected)
    means = found.metrics()
    assert means.queries == len(found.query)
    assert means.mrr_at_10 == pytest.approx(np.mean(found.mrr_at_10))


def test_without_ties_it_is_what_scikit_learn_says() -> None:
    draw = np.random.default_rng(3)
    vectors = torch.nn.functional.normalize(torch.from_numpy(draw.normal(size=(60, 8))).float())
    case = Case(vectors, np.repeat(np.arange(6, dtype=np.int32), 10))
    found = retrieved(case)
    for query in range(60):
        others = np.arange(60) != query
        scores = similarities(case)[query][others]
        relevant = (case.groups == case.groups[query])[others]
        expected = ndcg_score([relevant], [scores], k=10)
        assert found.ndcg_at_10[query] == pytest.approx(expected)
        # cut at R, the average precision is MAP@R but for duplicates that lie beyond
        first = np.argsort(-scores)[:9]
        within = relevant[first].sum()
        if within:
            precision = average_precision_score(relevant[first], scores[first])
            assert found.map_at_r[query] == pytest.approx(precision * within / 9)


@settings(max_examples=50)
@given(cases())
def test_the_order_of_the_rows_changes_nothing(case: Case) -> None:
    turned = Case(case.vectors.flip(0), case.groups[::-1].copy())
    one, other = retrieved(case), retrieved(turned)
    for name in OF_A_QUERY:
        assert sorted(getattr(one, name)) == pytest.approx(sorted(getattr(other, name))), name


def test_a_network_with_one_vector_finds_nothing() -> None:
    groups = np.repeat(np.arange(20, dtype=np.int32), 2)
    found = retrieved(Case(torch.ones(40, 4) / 2, groups)).metrics()
    assert (found.mrr_at_10, found.recall_at_10, found.map_at_r, found.ndcg_at_10) == (0, 0, 0, 0)
    perfect = retrieved(Case(torch.eye(20).repeat_interleave(2, dim=0), groups)).metrics()
    assert (perfect.mrr_at_10, perfect.recall_at_1, perfect.map_at_r) == (1, 1, 1)


@settings(max_examples=50)
@given(cases())
def test_the_search_in_pieces_is_that_in_one(case: Case) -> None:
    whole = retrieved(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "SIMILARITIES_AT_ONCE", 2 * len(case.groups))
        pieces = retrieved(case)
    for name in OF_A_QUERY:
        assert (getattr(pieces, name) == getattr(whole, name)).all(), name


def test_a_training_is_tested_on_texts_and_repeats_its_bits() -> None:
    encoder = Training(tiny_spec(), "vanilla", 3, BASE, "cpu").encoder
    first, again = (expect(Retrieved, score_test(encoder, BASE)[1]) for _ in range(2))
    assert first.query.tolist() == BASE.queries.tolist()
    for name in OF_A_QUERY:
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    # a duplicate has one word changed, so even an untrained network finds most of them
    assert expect(float, first.metrics().recall_at_10) > 0.5


def test_rows_without_a_duplicate_have_no_retrieval() -> None:
    assert retrieve(data_of(np.arange(8, dtype=np.int32)), torch.eye(8)) is None
