"""Precision, recall, F1 and MCC of each resample of the test pairs, against scikit-learn."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score

from models.comparison.resampled.drawing import RESAMPLES, SEED
from models.comparison.resampled.pair_sums import PairResamples
from models.comparison.scores import PairScores, scores_of

PAIRS = 300
LABEL = np.random.default_rng(5).random(PAIRS) < 0.37
SCIKIT_LEARN = {
    "precision": precision_score,
    "recall": recall_score,
    "f1": f1_score,
    "mcc": matthews_corrcoef,
}


def network(seed: int, threshold: float) -> PairScores:
    noise = np.random.default_rng(seed).normal(size=PAIRS)
    score = (noise + LABEL).astype(np.float32)
    return scores_of(np.arange(PAIRS), LABEL, score, float((score > threshold).mean()))


def drawn(place: int) -> NDArray[np.int64]:
    """How often each pair is in the resample at this place; the last one has each once."""
    generator = np.random.default_rng(SEED)
    for _ in range(place):
        generator.integers(PAIRS, size=PAIRS)
    return np.bincount(generator.integers(PAIRS, size=PAIRS), minlength=PAIRS)


def test_what_weighs_both_kinds_of_mistakes_is_scikit_learns_in_each_resample() -> None:
    runs = [network(seed, 0.5) for seed in range(3)]
    means = PairResamples(LABEL).means(runs)
    for place in (0, 1, 500, RESAMPLES):
        times = np.ones(PAIRS, dtype=int) if place == RESAMPLES else drawn(place)
        label = np.repeat(LABEL, times)
        for number, run in enumerate(runs):
            called = np.repeat(run.right == LABEL, times)
            for name, score in SCIKIT_LEARN.items():
                found = means[f"test.{name}"][number, place]
                assert found == pytest.approx(score(label, called)), name


def test_a_network_that_calls_all_pairs_alike_has_in_every_resample_what_the_metrics_are() -> None:
    never, always = (PairResamples(LABEL).means([network(0, end)]) for end in (99.0, -99.0))
    for name in SCIKIT_LEARN:
        assert (never[f"test.{name}"] == 0).all(), name
    assert (always["test.recall"] == 1).all()
    assert (always["test.mcc"] == 0).all()


def test_a_resample_with_one_label_has_no_metric_that_needs_both() -> None:
    two = scores_of(np.arange(2), np.array([True, False]), np.array([0.9, 0.1], np.float32), 0.5)
    means = PairResamples(two.label).means([two])
    for name in SCIKIT_LEARN:
        found = means[f"test.{name}"][0]
        assert np.isnan(found).any(), name
        assert found[-1] == 1.0
    assert np.isfinite(means["test.accuracy"]).all()
