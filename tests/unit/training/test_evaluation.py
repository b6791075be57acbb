"""Figures of an evaluation, also where labels or scores are degenerate."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.errors import TrainingFault
from worker.training.data import pair_questions
from worker.training.encoders.lstm import LstmMeanEncoder
from worker.training.evaluation import (
    evaluate_validation,
    pair_metrics,
    pair_scores,
    validation_rows,
)
from worker.training.loop import Training
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import batch_loss

from support.expect import expect
from support.training import tiny_data, tiny_spec

DATA = tiny_data()


@given(
    scores=st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40),
    labels=st.lists(st.integers(0, 1), min_size=40, max_size=40),
)
def test_accuracy_and_ranks_equal_their_definitions(scores: list[float], labels: list[int]) -> None:
    labels = labels[: len(scores)]
    found = pair_metrics(np.array(scores, dtype=np.float32), np.array(labels, dtype=np.int8), 0.5)
    right = sum((s > 0.5) == bool(label) for s, label in zip(scores, labels, strict=True))
    assert found.accuracy == pytest.approx(right / len(scores))
    high = [s for s, label in zip(scores, labels, strict=True) if label]
    low = [s for s, label in zip(scores, labels, strict=True) if not label]
    if not high or not low:
        assert found.roc_auc is None
        assert found.average_precision is None
        return
    wins = sum((h > n) + (h == n) / 2 for h in high for n in low)
    assert found.roc_auc == pytest.approx(wins / len(high) / len(low))


def test_a_score_at_the_threshold_is_not_called_a_duplicate() -> None:
    scores, labels = np.array([0.7], dtype=np.float32), np.array([0], dtype=np.int8)
    assert pair_metrics(scores, labels, 0.7).accuracy == 1.0


def test_a_collapsed_model_scores_the_share_of_duplicates_and_half_the_area() -> None:
    labels = np.array([1] * 4 + [0] * 6, dtype=np.int8)
    found = pair_metrics(np.ones(10, dtype=np.float32), labels, 0.7)
    assert found.accuracy == pytest.approx(0.4)
    assert found.roc_auc == 0.5
    assert found.predicted_positive == 1.0


def test_validation_losses_are_means_over_the_first_whole_batches_of_both_losses() -> None:
    spec = tiny_spec()
    training = Training(spec, "modified", 0, DATA, "cpu")
    found = evaluate_validation(training.encoder, spec, "modified", DATA, 5)
    expected: dict[str, list[float]] = {"vanilla": [], "modified": []}
    for batch in range(2):
        rows = DATA.validation_duplicates[batch * 16 : batch * 16 + 16]
        first, second = training.encoder.encode(pair_questions(DATA, rows)).chunk(2)
        for arm, losses in expected.items():
            losses.append(batch_loss(spec.arm(arm).loss, batch_of(first, second)).item())
    assert found.loss == pytest.approx(np.mean(expected["modified"]), rel=1e-6)
    assert found.baseline_loss == pytest.approx(np.mean(expected["vanilla"]), rel=1e-6)
    assert found.loss_per_row == pytest.approx(expect(float, found.loss) / 16)


def test_validation_losses_leave_out_what_each_loss_excludes() -> None:
    """All pairs of one group: an excluding loss has no negative, the other all of them."""
    one_group = dataclasses.replace(DATA, groups=np.zeros_like(DATA.groups))
    term = {"terms": [{"kind": "mean_negative"}]}
    arms = [
        {"name": "plain", "loss": term},
        {"name": "excluding", "loss": {**term, "exclude_known_duplicates": True}},
    ]
    spec = tiny_spec(arms=arms)
    training = Training(spec, "excluding", 0, one_group, "cpu")
    found = evaluate_validation(training.encoder, spec, "excluding", one_group, 5)
    assert found.loss == 0.0
    assert expect(float, found.baseline_loss) > 0.1


def test_validation_pairs_are_spread_over_all_validation_rows() -> None:
    rows = validation_rows(DATA, 10)
    assert len(rows) == 10
    assert rows[0] == DATA.validation[0]
    assert rows[-1] >= DATA.validation[-12]
    assert len(validation_rows(DATA, 10**6)) == len(DATA.validation)


def test_scores_are_the_cosines_of_the_pairs_in_their_order() -> None:
    training = Training(tiny_spec(), "vanilla", 0, DATA, "cpu")
    scores = pair_scores(training.encoder, DATA, DATA.test)
    first, second = training.encoder.encode(pair_questions(DATA, DATA.test[7:8])).chunk(2)
    assert scores.shape == DATA.test.shape
    assert scores[7] == pytest.approx((first * second).sum().item(), abs=1e-6)


def test_similarities_that_are_not_numbers_are_a_fault() -> None:
    training = Training(tiny_spec(), "vanilla", 0, DATA, "cpu")
    with torch.no_grad():
        expect(LstmMeanEncoder, training.encoder).embedding.fill_(float("nan"))
    with pytest.raises(TrainingFault, match="not numbers"):
        pair_scores(training.encoder, DATA, DATA.test)
