"""Curve, median and restricted mean against statsmodels, a sum over single steps, and textbooks."""

import math
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.survival.kaplan_meier import (
    common_horizon,
    median_time,
    restricted_mean,
    survival_curve,
)
from models.survival.schema import SurvivalCurve, TimeToEvent

from support.survival import PLACEBO, TREATED, followed, rows, survfunc, times_of

Rows = list[tuple[int, bool]]
horizons = st.integers(1, 15)


def at(curve: SurvivalCurve, step: float) -> float:
    """The curve's value at a step."""
    return curve.still_waiting[np.searchsorted(curve.step, step, side="right") - 1]


# --- the curve -----------------------------------------------------------------------------------


@settings(max_examples=50)
@given(rows)
def test_the_curve_is_the_kaplan_meier_estimate_of_statsmodels(rows: Rows) -> None:
    theirs = survfunc(rows)
    curve = survival_curve(times_of(rows))
    assert (curve.step[0], curve.still_waiting[0]) == (0, 1.0)
    for step, share in zip(theirs.surv_times, theirs.surv_prob, strict=True):
        assert at(curve, step) == pytest.approx(share, abs=1e-12)


@settings(max_examples=50)
@given(rows)
def test_the_curve_never_rises_and_falls_only_where_a_wait_ended(rows: Rows) -> None:
    curve = survival_curve(times_of(rows))
    ended = {step for step, reached in rows if reached}
    pairs = zip(curve.still_waiting, curve.still_waiting[1:], strict=False)
    for step, (before, after) in zip(curve.step[1:], pairs, strict=True):
        assert (after < before) == (step in ended)


def test_the_curve_of_the_leukaemia_trial_is_the_published_one() -> None:
    curve = survival_curve(times_of(TREATED))
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    assert {week: round(at(curve, week), 3) for week in published} == published
    assert at(curve, 35) == at(curve, 23)


# --- the median ----------------------------------------------------------------------------------


@settings(max_examples=50)
@given(rows)
def test_the_median_is_the_first_step_with_at_most_half_still_waiting(rows: Rows) -> None:
    median = median_time(survival_curve(times_of(rows)))
    theirs = survfunc(rows)
    at_half = theirs.surv_times[theirs.surv_prob <= 0.5 + 1e-9]
    assert median == (at_half[0] if len(at_half) else None)


def test_the_medians_of_the_leukaemia_trial_are_23_and_8_weeks() -> None:
    medians = [median_time(survival_curve(times_of(arm))) for arm in (TREATED, PLACEBO)]
    assert medians == [23, 8]


def test_a_median_that_was_not_reached_is_none() -> None:
    rows = [(3, True), (9, False), (9, False)]
    assert median_time(survival_curve(times_of(rows))) is None


# --- the restricted mean -------------------------------------------------------------------------


@settings(max_examples=50)
@given(rows, horizons)
def test_the_restricted_mean_is_the_sum_of_the_curve_over_single_steps(
    rows: Rows, horizon: int
) -> None:
    theirs = survfunc(rows)
    heights = [
        ([1.0, *theirs.surv_prob][np.searchsorted(theirs.surv_times, step, side="right")])
        for step in range(horizon)
    ]
    found = restricted_mean(times_of(rows), horizon, 0.95)
    assert found.mean == pytest.approx(math.fsum(heights), abs=1e-9)


@settings(max_examples=50)
@given(rows, horizons)
def test_its_variance_is_a_sum_over_every_wait_that_ended(rows: Rows, horizon: int) -> None:
    """One at a time, in an order of ties that the formula of grouped ends must not depend on:
    d / (n (n - d)) is the sum of 1 / (m (m - 1)) over m = n, n - 1, ..., n - d + 1."""
    curve = survival_curve(times_of(rows))
    variance, at_risk = 0.0, len(rows)
    for step, reached in sorted(rows, key=lambda row: (row[0], not row[1])):
        area = sum(at(curve, later) for later in range(step, horizon))
        if reached and area > 0:
            variance += area**2 / (at_risk * (at_risk - 1))
        at_risk -= 1
    found = restricted_mean(times_of(rows), horizon, 0.95)
    assert found.standard_error == pytest.approx(math.sqrt(variance), abs=1e-9)


@settings(max_examples=50)
@given(followed(20))
def test_when_all_are_followed_to_the_horizon_it_is_the_plain_mean(rows: Rows) -> None:
    times = np.array([step for step, _ in rows], dtype=float)
    found = restricted_mean(times_of(rows), 20, 0.95)
    assert found.mean == pytest.approx(times.mean())
    assert found.standard_error == pytest.approx(times.std() / math.sqrt(len(times)), abs=1e-9)


def test_the_restricted_means_of_the_leukaemia_trial_are_the_published_ones() -> None:
    treated = restricted_mean(times_of(TREATED), 35, 0.95)
    placebo = restricted_mean(times_of(PLACEBO), 35, 0.95)
    assert (round(treated.mean, 3), round(treated.standard_error, 3)) == (23.287, 2.827)
    assert (round(placebo.mean, 3), round(placebo.standard_error, 3)) == (8.667, 1.377)
    assert treated.interval is not None
    low, high = 23.287 - 1.96 * 2.827, 23.287 + 1.96 * 2.827
    assert (treated.interval.low, treated.interval.high) == pytest.approx((low, high), abs=2e-3)


@settings(max_examples=50)
@given(rows, st.integers(0, 11), st.integers(1, 9), horizons)
def test_a_later_censoring_never_lowers_curve_or_mean(
    rows: Rows, index: int, later: int, horizon: int
) -> None:
    assume(index < len(rows) and not rows[index][1])
    moved = [*rows[:index], (rows[index][0] + later, False), *rows[index + 1 :]]
    before, after = (survival_curve(times_of(one)) for one in (rows, moved))
    for step in range(25):
        assert at(after, step) >= at(before, step) - 1e-12
    means = [restricted_mean(times_of(one), horizon, 0.95).mean for one in (rows, moved)]
    assert means[1] >= means[0] - 1e-9


@settings(max_examples=50)
@given(rows, horizons, st.randoms())
def test_the_order_of_the_runs_changes_nothing(
    rows: Rows, horizon: int, random: random.Random
) -> None:
    shuffled = rows[:]
    random.shuffle(shuffled)
    one, two = (restricted_mean(times_of(some), horizon, 0.9) for some in (rows, shuffled))
    assert one == two
    assert survival_curve(times_of(rows)) == survival_curve(times_of(shuffled))


def test_the_interval_stays_within_what_is_possible_and_needs_a_spread() -> None:
    wide = restricted_mean(times_of([(1, True), (20, False)]), 20, 0.999)
    assert wide.interval is not None
    assert (wide.interval.low, wide.interval.high) == (0.0, 20.0)
    never = restricted_mean(times_of([(20, False)] * 6), 20, 0.95)
    assert (never.mean, never.standard_error, never.interval) == (20.0, 0.0, None)


def test_the_horizon_is_where_the_shortest_run_ended() -> None:
    times = [TimeToEvent(5, True, 20), TimeToEvent(15, False, 15)]
    assert common_horizon(times) == 15
    assert [time.restricted(10) for time in times] == [5, 10]
    assert common_horizon([]) is None


def test_a_curve_of_no_runs_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        survival_curve([])
