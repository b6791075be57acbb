"""What the scores of the test pairs add: ranks as placements, and noise of seeds and of pairs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from models.comparison.crossed_bootstrap import arm_resamples, crossed_bootstrap
from models.comparison.resampled.drawing import RESAMPLES, SEED
from models.comparison.resampled.pair_sums import Means, PairResamples
from models.comparison.schema import Crossed
from models.comparison.scores import PairScores, scores_of

PAIRS = 600
GENERATOR = np.random.default_rng(11)
LABEL = GENERATOR.random(PAIRS) < 0.37
ROW = np.arange(PAIRS)


def network(generator: np.random.Generator, skill: float = 1.0) -> NDArray[np.float32]:
    """Similarities of a network that tells labels apart by `skill` standard deviations."""
    return (generator.normal(size=PAIRS) + skill * LABEL).astype(np.float32)


def judged(score: NDArray[np.float32], threshold: float = 0.5) -> PairScores:
    called = float((score > np.float32(threshold)).mean())
    return scores_of(ROW[: len(score)], LABEL[: len(score)], score, called)


RUNS = [judged(network(np.random.default_rng(seed), 1.0 + seed / 50)) for seed in range(16)]
MEANS = PairResamples(LABEL).means(RUNS)


def compared(a: Means, b: Means, confidence: float = 0.95) -> Crossed:
    return crossed_bootstrap(arm_resamples(a), arm_resamples(b), confidence)


def drawn_one_by_one(count: int) -> NDArray[np.float64]:
    """How often each pair is in each resample, and last a row of ones."""
    generator = np.random.default_rng(SEED)
    drawn = [generator.integers(count, size=count) for _ in range(RESAMPLES)]
    times = [np.bincount(one, minlength=count) for one in drawn]
    return np.array([*times, np.ones(count)], dtype=float)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=25),
    st.integers(-5, 5),
)
def test_which_pairs_were_right_follows_from_the_share_called_duplicates(
    pairs: list[tuple[bool, int]], quarters: int
) -> None:
    label = np.array([one for one, _ in pairs])
    score = np.array([value / 4 for _, value in pairs], dtype=np.float32)
    called = score > quarters / 4
    found = scores_of(np.arange(len(pairs)), label, score, float(called.mean()))
    assert found.right.tolist() == (called == label).tolist()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=2, max_size=25))
def test_the_mean_placement_of_either_label_is_the_auc(pairs: list[tuple[bool, int]]) -> None:
    label = np.array([one for one, _ in pairs])
    score = np.array([value for _, value in pairs], dtype=np.float32)
    placement = scores_of(np.arange(len(pairs)), label, score, 0.5).placement
    if label.all() or not label.any():
        assert np.isnan(placement).all()
        return
    auc = roc_auc_score(label, score)
    assert placement[label].mean() == pytest.approx(auc)
    assert placement[~label].mean() == pytest.approx(auc)


def test_each_resample_weighs_the_pairs_by_how_often_they_were_drawn() -> None:
    weights = drawn_one_by_one(PAIRS)
    assert weights.shape == (RESAMPLES + 1, PAIRS)
    assert (weights.sum(axis=1) == PAIRS).all()
    assert (weights[-1] == 1).all()
    # counts of a multinomial: mean 1, variance 1 - 1/P
    assert weights[:-1].var() == pytest.approx(1 - 1 / PAIRS, rel=0.01)
    for run, accuracy in zip(RUNS, MEANS["test.accuracy"], strict=True):
        assert accuracy == pytest.approx(weights @ run.right / PAIRS)
    for run, auc in zip(RUNS, MEANS["test.roc_auc"], strict=True):
        halves = [
            weights[:, own] @ run.placement[own] / weights[:, own].sum(axis=1)
            for own in (LABEL, ~LABEL)
        ]
        assert auc == pytest.approx(sum(halves) - run.placement[LABEL].mean(), abs=1e-12)


def test_the_resampled_auc_is_that_of_a_sort_to_a_small_part_of_its_spread() -> None:
    score = network(np.random.default_rng(3), 1.0 + 3 / 50)
    weights = drawn_one_by_one(PAIRS)[-201:]
    exact = [roc_auc_score(LABEL, score, sample_weight=drawn) for drawn in weights]
    ours = MEANS["test.roc_auc"][3, -201:]
    assert ours[-1] == pytest.approx(exact[-1], abs=1e-6)
    assert np.std(ours - exact) < 0.05 * np.std(exact)  # 600 pairs; it falls with their root


def test_the_crossed_bootstrap_has_the_variance_that_owen_derives() -> None:
    """E* of the resampled mean's square is a trace, since both counts' second moments are known."""
    a, b = MEANS["test.accuracy"][:8], MEANS["test.accuracy"][8:]
    found = compared(a, b)
    d = np.stack([one.right for one in RUNS[:8]]).astype(float)
    d -= np.stack([one.right for one in RUNS[8:]])

    def second_moment(count: int) -> NDArray[np.float64]:
        return np.eye(count) + 1 - 1 / count

    square = np.trace(second_moment(8) @ d @ second_moment(PAIRS) @ d.T) / (8 * PAIRS) ** 2
    exact = math.sqrt(square - d.mean() ** 2)
    assert found.standard_error == pytest.approx(exact, rel=0.08)
    assert found.standard_error_seeds == pytest.approx(d.mean(axis=1).std() / 8**0.5, rel=0.08)
    pairs = d.mean(axis=0).std() / PAIRS**0.5
    assert found.standard_error_test_pairs == pytest.approx(pairs, rel=0.08)
    assert found.interval is not None
    assert found.interval.low == pytest.approx(d.mean() - 1.96 * exact, abs=0.35 * exact)
    assert found.interval.high == pytest.approx(d.mean() + 1.96 * exact, abs=0.35 * exact)
    narrow = compared(a, b, 0.6).interval
    assert narrow is not None
    assert narrow.high - narrow.low < 0.6 * (found.interval.high - found.interval.low)


def test_seeds_and_test_pairs_are_resampled_independently() -> None:
    """Every run alike but for a seed's own constant: only the seeds are noise, and the reverse."""
    plain = np.ones(RESAMPLES + 1)
    steps = np.arange(6.0)[:, None] * plain
    by_seed = compared(steps, 0 * steps)
    assert by_seed.standard_error_test_pairs == 0
    assert by_seed.standard_error == by_seed.standard_error_seeds
    wave = np.random.default_rng(0).normal(size=RESAMPLES + 1) * np.ones((6, 1))
    by_pair = compared(wave, 0 * wave)
    assert by_pair.standard_error_seeds == pytest.approx(0, abs=1e-12)
    assert by_pair.standard_error == pytest.approx(by_pair.standard_error_test_pairs)


def test_the_crossed_bootstrap_is_repeatable_and_says_why_it_is_not_there() -> None:
    again = PairResamples(LABEL).means(RUNS)["test.roc_auc"]
    auc = MEANS["test.roc_auc"]
    assert (again == auc).all()
    assert compared(again[:8], again[8:], 0.9) == compared(auc[:8], auc[8:], 0.9)
    # with two pairs a resample holds one label only
    two = [judged(np.array([0.1, 0.9], dtype=np.float32))] * 12
    tiny = PairResamples(LABEL[:2]).means(two)["test.roc_auc"]
    assert "one label only" in (compared(tiny[:6], tiny[6:]).missing or "")
