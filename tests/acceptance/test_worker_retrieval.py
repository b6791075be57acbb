"""An experiment that is decided by what retrieval finds, from its runs to its verdict."""

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from api.dependencies import Service
from api.results.document import results_document
from models.comparison.queries.scores import OF_QUERIES
from models.store.metrics.rows import evaluations_of

from support.workers import Lab

WIDE = {"kind": "bag", "embedding_dim": 16}
# hundreds of questions on a circle have other questions nearer than their duplicates
FLAT = {"kind": "bag", "embedding_dim": 2}
LOSS = {"terms": [{"kind": "mean_negative"}, {"kind": "closest_negative"}]}
ASKED: dict[str, Any] = {
    "encoder": WIDE,
    "steps": 20,
    "arms": [
        {"name": "flat", "loss": LOSS, "encoder": FLAT},
        {"name": "wide", "loss": LOSS},
    ],
    "seeds": {"count": 6},
    "decision": {"metric": "test.mrr_at_10", "equivalence_margin": 0.01},
}


def test_workers_search_the_test_part_and_the_verdict_is_about_what_they_found(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.worker()
    ended = lab.wait_for_success(*lab.create(**ASKED))
    for run in ended:
        with lab.database.reading() as session:
            rows = evaluations_of(session, run.id)
        (tested,) = (row for row in rows if row.split == "test")
        assert {row.mrr_at_10 for row in rows if row.split == "validation"} == {None}
        columns = load_file(lab.settings.run_dir(run.id) / "scores.safetensors")
        assert tested.queries == len(columns["query"]) == len(np.unique(columns["query"])) > 50
        for metric in OF_QUERIES:
            name = metric.removeprefix("test.")
            assert getattr(tested, name) == pytest.approx(columns[name].mean(), abs=1e-6), name
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        results = results_document(session, ended[0].experiment_id, service).whole()
    (primary, *_) = results.comparisons
    assert (primary.a, primary.b, primary.metric) == ("wide", "flat", "test.mrr_at_10")
    assert primary.verdict == "a_better", primary.sentence
    assert "wide does better than flat, with the higher test MRR@10 over" in primary.sentence
    crossed = primary.crossed_bootstrap
    assert crossed is not None
    assert crossed.interval is not None, crossed.missing
    assert 0 < crossed.interval.low < (primary.mean_difference or 0) < crossed.interval.high
    assert crossed.standard_error_test_pairs is not None
    assert 0 < crossed.standard_error_test_pairs < 0.1
