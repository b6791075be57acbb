"""The times to an event of one arm: Kaplan-Meier curve, median, restricted mean.

Times are training steps. The time of a run that ended before the event is *at least* as long as
the run was followed (censored on the right).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.survival.schema import RestrictedMean, StepInterval, SurvivalCurve, TimeToEvent

ROUNDING = 1e-9  # a share of runs is a fraction with a small denominator; this is far below one


def common_horizon(times: Sequence[TimeToEvent]) -> int | None:
    """The last step to which every run was followed; None without runs."""
    return min((time.followed_to for time in times), default=None)


def survival_curve(times: Sequence[TimeToEvent]) -> SurvivalCurve:
    """The product-limit estimate (Kaplan and Meier 1958): the point (0, 1), then a point for each
    step, from 1, with an event or a censored time. `ValueError` without runs."""
    if not times:
        raise ValueError("a survival curve needs at least one run")
    every = np.array([time.step for time in times])
    steps = np.unique(every)
    at_risk, events = at_risk_at(steps, every), events_at(steps, times)
    shares = np.cumprod((at_risk - events) / at_risk)
    return SurvivalCurve(step=(0, *steps.tolist()), still_waiting=(1.0, *shares.tolist()))


def at_risk_at(steps: NDArray[np.int64], every: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many runs were at risk just before each of `steps` (S,), from the times of all (R,)."""
    return np.asarray(len(every) - np.searchsorted(np.sort(every), steps))


def events_at(steps: NDArray[np.int64], times: Sequence[TimeToEvent]) -> NDArray[np.int64]:
    """How many runs have their event at each of `steps` (S,), ascending."""
    reached = np.sort(np.array([time.step for time in times if time.reached], dtype=np.int64))
    ends = np.searchsorted(reached, steps, side="right")
    return np.asarray(ends - np.searchsorted(reached, steps))


def median_time(curve: SurvivalCurve) -> int | None:
    """The first step after which at most half of the runs lack the event; None without such a
    step."""
    points = zip(curve.step, curve.still_waiting, strict=True)
    return next((step for step, share in points if share <= 0.5 + ROUNDING), None)


def restricted_mean(
    times: Sequence[TimeToEvent], horizon: int, confidence: float
) -> RestrictedMean:
    """The area under the Kaplan-Meier curve from 0 to `horizon` (Irwin 1949).

    Its variance is the sum over the steps t <= horizon with an event of A(t)^2 d / (n (n - d)),
    with A(t) the area from t to the horizon, d the events at t and n the runs at risk just before
    t (Klein and Moeschberger 2003, 4.5.2). The interval is the normal one, which is too short for
    few runs; a claim about two arms rests on their pairs.
    """
    curve = survival_curve(times)
    # events before censorings at the same step, as in the curve
    steps = np.array([time.step for time in times])
    reached = np.array([time.reached for time in times])
    events, counts = np.unique(steps[reached & (steps < horizon)], return_counts=True)
    at_risk = at_risk_at(events, steps)
    left = at_risk - counts
    some = left > 0  # else the curve is 0 beyond this step, and so is the area
    areas = _areas_from(curve, horizon)[np.searchsorted(curve.step, events)]
    variance = (areas**2 * counts)[some] / (at_risk * left)[some]
    mean, error = _area(curve, 0, horizon), math.sqrt(variance.sum())
    interval = normal_interval(mean, error, confidence)
    if interval is not None:
        low, high = max(interval.low, 0.0), min(interval.high, float(horizon))
        interval = StepInterval(confidence=confidence, low=low, high=high)
    return RestrictedMean(horizon=horizon, mean=mean, standard_error=error, interval=interval)


def normal_interval(value: float, error: float, confidence: float) -> StepInterval | None:
    """value +- z error; None for an error of 0: to have seen no spread is not certainty."""
    if error == 0:
        return None
    half = -float(ndtri((1 - confidence) / 2)) * error
    return StepInterval(confidence=confidence, low=value - half, high=value + half)


def _areas_from(curve: SurvivalCurve, end: int) -> NDArray[np.float64]:
    """The area under the curve from each of its steps to the end."""
    widths = np.diff(np.clip([*curve.step, math.inf], 0, end))
    return np.cumsum((widths * np.array(curve.still_waiting))[::-1])[::-1]


def _area(curve: SurvivalCurve, start: int, end: int) -> float:
    """The area under the curve between two steps."""
    edges: NDArray[np.float64] = np.clip([*curve.step, math.inf], start, end)
    return float(np.diff(edges) @ np.array(curve.still_waiting))
