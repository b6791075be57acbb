"""Target loss and accuracy at matched loss: the first evaluation, and the one yardstick."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.survival.matched_loss import (
    MatchedAccuracy,
    TwoSeries,
    compare_at_matched_loss,
    match_seed,
)
from models.survival.schema import TimeToEvent
from models.survival.target_loss import Point, time_to_loss

losses = st.lists(st.integers(1, 20).map(float), min_size=1, max_size=12)


def points(losses: list[float], accuracies: list[float] | None = None) -> list[Point]:
    """An evaluation every 100 steps; the accuracy is that of its place unless given."""
    given_ones = accuracies or [0.5 + index / 100 for index in range(len(losses))]
    rows = enumerate(zip(losses, given_ones, strict=True), start=1)
    return [Point(100 * index, loss, accuracy) for index, (loss, accuracy) in rows]


def compared(a: dict[int, list[Point]], b: dict[int, list[Point]]) -> MatchedAccuracy:
    (found,) = compare_at_matched_loss(
        [TwoSeries("modified", "vanilla", a, b)],
        equivalence_margin=0.005,
        confidence=0.95,
        expected_pairs=len(a),
    )
    return found


def test_a_target_is_reached_at_the_first_evaluation_at_or_below_it() -> None:
    series = points([90, 40, 20, 15, 25])
    assert time_to_loss(series, 20.0) == TimeToEvent(300, True, 500)
    assert time_to_loss(series, 19.9) == TimeToEvent(400, True, 500)
    assert time_to_loss(series, 14.9) == TimeToEvent(500, False, 500)
    assert time_to_loss([], 20.0) is None


def test_each_arm_is_taken_at_the_loss_that_both_reached() -> None:
    # minima 12 and 25 -> matched at 25: a is first there at step 200 (24), b at step 300 (25)
    a = points([60, 24, 30, 12], [0.60, 0.70, 0.65, 0.75])
    b = points([80, 50, 25, 26], [0.55, 0.62, 0.72, 0.71])
    found = match_seed(3, a, b)
    assert found is not None
    assert (found.seed, found.matched_loss) == (3, 25)
    assert (found.a.step, found.a.baseline_loss, found.a.accuracy) == (200, 24, 0.70)
    assert (found.b.step, found.b.baseline_loss, found.b.accuracy) == (300, 25, 0.72)


@given(losses, losses)
def test_both_are_at_or_below_it_and_were_above_it_before(a: list[float], b: list[float]) -> None:
    found = match_seed(0, points(a), points(b))
    assert found is not None
    assert found.matched_loss in (min(a), min(b))
    for side, taken in ((a, found.a), (b, found.b)):
        place = taken.step // 100 - 1
        assert side[place] == taken.baseline_loss <= found.matched_loss
        assert all(loss > found.matched_loss for loss in side[:place])
        assert taken.accuracy == 0.5 + place / 100
    # a lower loss would be too low for one of them
    assert max(min(a), min(b)) == found.matched_loss


def test_accuracies_are_paired_by_seed_and_higher_is_better() -> None:
    low = {seed: points([50, 20], [0.5, 0.70 + 0.001 * seed]) for seed in range(8)}
    high = {seed: points([50, 20], [0.5, 0.75 + 0.001 * seed]) for seed in range(9)}
    found = compared(high, low).comparison
    assert [pair.seed for pair in found.pairs] == list(range(8))
    assert found.mean_difference == pytest.approx(0.05)
    assert found.higher_is_better
    assert found.verdict == "a_better"
    assert "higher validation matched accuracy" in found.sentence


def test_a_seed_with_no_evaluation_in_one_arm_is_left_out() -> None:
    both = {0: points([5.0]), 1: points([5.0])}
    found = compared(both, {0: points([6.0]), 1: []})
    assert [seed.seed for seed in found.seeds] == [0]
    assert len(found.comparison.pairs) == 1
