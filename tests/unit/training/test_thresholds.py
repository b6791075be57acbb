"""The chosen threshold against brute force, and above all on ties and collapsed models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from worker.training.thresholds import best_threshold

TIED = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.75, 1.0])
CLOSE = st.sampled_from([1.0, 1 - 2**-24, 1 - 2**-23, 1 + 2**-23])  # neighbours in float32
SCORES = TIED | CLOSE | st.floats(-1, 1, width=32)

Scores = NDArray[np.float32]
Labels = NDArray[np.int8]


@st.composite
def scored_pairs(draw: st.DrawFn) -> tuple[Scores, Labels]:
    scores = draw(st.lists(draw(st.sampled_from([TIED, CLOSE, SCORES])), min_size=1, max_size=25))
    labels = draw(st.lists(st.integers(0, 1), min_size=len(scores), max_size=len(scores)))
    return np.array(scores, dtype=np.float32), np.array(labels, dtype=np.int8)


def accuracy(scores: Scores, labels: Labels, threshold: float) -> float:
    """As `evaluation.pair_metrics` has it, without the ranks that would take its time."""
    return float(((scores > np.float32(threshold)) == (labels == 1)).mean())


@given(scored_pairs())
@settings(max_examples=300)
def test_no_threshold_of_any_value_is_more_accurate(pairs: tuple[Scores, Labels]) -> None:
    scores, labels = pairs
    found = accuracy(scores, labels, best_threshold(scores, labels))
    # calling all, none, or those above one of the scores: there is no other way to part the pairs
    others = [accuracy(scores, labels, value) for value in (-2.0, *scores.tolist())]
    assert found == max(others)


@given(scored_pairs())
@settings(max_examples=200)
def test_of_equally_accurate_thresholds_it_is_in_the_widest_gap_and_then_the_lowest(
    pairs: tuple[Scores, Labels],
) -> None:
    scores, labels = pairs
    values = sorted(set(map(float, scores)))
    # below a score of -1 there is still a gap, of one float32 number
    below_all = float(np.nextafter(np.float32(values[0]), np.float32(-np.inf)))
    edges = [min(-1.0, below_all), *values, max(1.0, values[-1])]
    gaps = list(zip(edges, edges[1:], strict=False))
    tried = [float(np.mean(labels)), *(accuracy(scores, labels, low) for low, _ in gaps[1:])]
    widest = max(high - low for (low, high), t in zip(gaps, tried, strict=True) if t == max(tried))
    first = next(
        gap
        for gap, t in zip(gaps, tried, strict=True)
        if t == max(tried) and gap[1] - gap[0] == widest
    )
    assert best_threshold(scores, labels) == pytest.approx(sum(first) / 2, abs=1e-6)


@given(
    value=st.floats(-1, 1, width=32),
    labels=st.lists(st.integers(0, 1), min_size=1, max_size=30),
    test=st.lists(st.integers(0, 1), min_size=1, max_size=30),
)
@settings(max_examples=100)
def test_a_constant_model_never_scores_above_the_majority_class(
    value: float, labels: list[int], test: list[int]
) -> None:
    constant = np.full(len(labels), value, dtype=np.float32)
    threshold = best_threshold(constant, np.array(labels, dtype=np.int8))
    right = accuracy(constant, np.array(labels, dtype=np.int8), threshold) * len(labels)
    assert round(right) == max(sum(labels), len(labels) - sum(labels))
    # nor on other pairs, which it cannot tell apart either
    duplicates = sum(test)
    unseen = np.full(len(test), value, dtype=np.float32)
    right = accuracy(unseen, np.array(test, dtype=np.int8), threshold) * len(test)
    assert round(right) in (duplicates, len(test) - duplicates)


def test_a_threshold_never_parts_tied_similarities() -> None:
    scores = np.array([0.2, 0.8, 0.8, 0.8, 0.8], dtype=np.float32)
    # sorted by score and label, a cut at 0.8 would look perfect
    labels = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    threshold = best_threshold(scores, labels)
    assert accuracy(scores, labels, threshold) == 3 / 5
    assert len({score > threshold for score in scores[1:]}) == 1


def test_perfectly_parted_pairs_get_the_middle_of_their_gap() -> None:
    scores = np.array([0.9, 0.5, -0.1, 0.1], dtype=np.float32)
    labels = np.array([1, 1, 0, 0], dtype=np.int8)
    assert best_threshold(scores, labels) == pytest.approx(0.3)


def test_neighbouring_float32_similarities_are_parted_although_none_lies_between() -> None:
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    for pair in ([low, high], [high, np.nextafter(high, np.float32(1))]):
        scores, labels = np.array(pair), np.array([0, 1], dtype=np.int8)
        assert accuracy(scores, labels, best_threshold(scores, labels)) == 1.0
