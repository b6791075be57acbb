"""The waiting times of one arm: Kaplan-Meier curve, median, restricted mean.

Times are training steps. A run that ended before the thing happened waited *at least* as long as
it was followed (censored on the right).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import CensoredData, ecdf

from models.survival.schema import RestrictedMean, StepInterval, SurvivalCurve, Wait

ROUNDING = 1e-9  # a share of runs is a fraction with a small denominator; this is far below one


def common_horizon(waits: Sequence[Wait]) -> int | None:
    """The last step to which every run was followed; None without runs."""
    return min((wait.followed_to for wait in waits), default=None)


def censored(waits: Sequence[Wait]) -> CensoredData:
    """The same in scipy's form."""
    return CensoredData(
        uncensored=[wait.step for wait in waits if wait.reached],
        right=[wait.step for wait in waits if not wait.reached],
    )


def survival_curve(waits: Sequence[Wait]) -> SurvivalCurve:
    """The product-limit estimate (Kaplan and Meier 1958): a point for each step, from 1, at which a
    wait ended or was censored, after the point (0, 1). `ValueError` without runs."""
    if not waits:
        raise ValueError("a survival curve needs at least one run")
    curve = ecdf(censored(waits)).sf
    steps = (0, *(int(step) for step in curve.quantiles))
    shares = (1.0, *(float(share) for share in curve.probabilities))
    return SurvivalCurve(step=steps, still_waiting=shares)


def median_wait(curve: SurvivalCurve) -> int | None:
    """The first step after which at most half of the runs wait; None when it was not reached."""
    points = zip(curve.step, curve.still_waiting, strict=True)
    return next((step for step, share in points if share <= 0.5 + ROUNDING), None)


def restricted_mean(waits: Sequence[Wait], horizon: int, confidence: float) -> RestrictedMean:
    """The area under the Kaplan-Meier curve from 0 to `horizon` (Irwin 1949).

    Its variance is the sum over the steps t <= horizon at which waits ended of
    A(t)^2 d / (n (n - d)), with A(t) the area from t to the horizon, d the waits that ended at t
    and n the runs that still waited just before (Klein and Moeschberger 2003, 4.5.2). The interval
    is the normal one, which is short for few runs; a claim about two arms rests on their pairs.
    """
    curve = survival_curve(waits)
    # ends of waits before censorings at the same step, as in the curve
    times = np.array([wait.step for wait in waits])
    reached = np.array([wait.reached for wait in waits])
    variance = 0.0
    for step in np.unique(times[reached & (times < horizon)]):
        at_risk = int((times >= step).sum())
        ended = int((reached & (times == step)).sum())
        if ended < at_risk:  # else nobody waits beyond it, and the area there is 0
            area = _area(curve, int(step), horizon)
            variance += area**2 * ended / (at_risk * (at_risk - ended))
    mean, error = _area(curve, 0, horizon), math.sqrt(variance)
    interval = normal_interval(mean, error, confidence)
    if interval is not None:
        low, high = max(interval.low, 0.0), min(interval.high, float(horizon))
        interval = StepInterval(confidence=confidence, low=low, high=high)
    return RestrictedMean(horizon=horizon, mean=mean, standard_error=error, interval=interval)


def normal_interval(value: float, error: float, confidence: float) -> StepInterval | None:
    """value +- z error; None without an error: no spread was seen, which is not certainty."""
    if error == 0:
        return None
    half = -float(ndtri((1 - confidence) / 2)) * error
    return StepInterval(confidence=confidence, low=value - half, high=value + half)


def _area(curve: SurvivalCurve, start: int, end: int) -> float:
    """Under the curve between two steps."""
    edges: NDArray[np.float64] = np.clip([*curve.step, math.inf], start, end)
    return float(np.diff(edges) @ np.array(curve.still_waiting))
