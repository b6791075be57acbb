"""The times to an event of two arms: log-rank, restricted means, and the paired differences.

A seed fixes the initial weights and the batches of both arms, so the claim rests on the pairs:
on the differences a - b of min(time, horizon), which are known for every run that was followed to
the horizon, censored or not. The log-rank test and the difference of the two restricted means are
reported beside it: they use all runs, and treat the arms as if they were independent, which wastes
what pairing gains.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from models.abandonment import while_wanted
from models.comparison.paired_t import mean_and_sd, t_bounds, t_p
from models.comparison.rule import alpha_of, differs_from_zero
from models.comparison.schema import Bounds, Statistic
from models.comparison.sign_flip import Sample, sign_flip_ps
from models.comparison.skewness.short_side import is_held_back, reach_of, strict_t_p
from models.survival.kaplan_meier import (
    at_risk_at,
    events_at,
    normal_interval,
    restricted_mean,
)
from models.survival.schema import (
    ReachedPairs,
    RestrictedDifference,
    SoonerVerdict,
    StepInterval,
    TimesBySeed,
    TimeToEvent,
    TimeToEventComparison,
    TimeToEventPair,
)


@dataclass(frozen=True, slots=True)
class TwoArms:
    """Two arms to compare, each with the times of its succeeded runs by seed."""

    a_name: str
    b_name: str
    a: TimesBySeed
    b: TimesBySeed
    awaited: int = 0
    """How many seeds have a run that goes on: until they are in, neither arm is called sooner."""


def compare_times(
    every: Sequence[TwoArms], *, horizon: int | None, confidence: float
) -> list[TimeToEventComparison]:
    """Compare each two arms.

    `horizon` is a step to which all of their runs were followed; None when there are no runs.
    """
    pairs = [_pairs(arms, horizon) for arms in every]
    ps = sign_flip_ps(Sample([float(pair.difference) for pair in own]) for own in pairs)
    told = while_wanted(zip(every, pairs, ps, strict=True))
    return [_comparison(arms, own, p, horizon, confidence) for arms, own, p in told]


def _comparison(
    arms: TwoArms,
    pairs: tuple[TimeToEventPair, ...],
    p: Statistic,
    horizon: int | None,
    confidence: float,
) -> TimeToEventComparison:
    differences = [float(pair.difference) for pair in pairs]
    mean, sd = mean_and_sd(differences)
    bounds = t_bounds(mean, sd, len(pairs), confidence)
    reached = [float(pair.a - pair.b) for pair in pairs if pair.a_reached and pair.b_reached]
    mean_reached, _ = mean_and_sd(reached)
    alpha, reach = alpha_of(confidence), reach_of(differences, mean, sd)
    by_t = strict_t_p(t_p(mean, sd, len(pairs), 0.0), mean, reach, alpha)
    differs = differs_from_zero(len(pairs), bounds, p, alpha)
    differs = differs and not is_held_back(by_t, mean, reach, alpha)
    return TimeToEventComparison(
        a=arms.a_name,
        b=arms.b_name,
        horizon=horizon,
        log_rank_p=log_rank_p(arms.a, arms.b),
        restricted_mean_difference=restricted_difference(arms.a, arms.b, horizon, confidence),
        pairs=pairs,
        mean_difference=mean,
        interval=_interval(bounds, confidence),
        sign_flip_p=p,
        both_reached=ReachedPairs(pairs=len(reached), mean_difference=mean_reached),
        awaited=arms.awaited,
        verdict=_verdict(mean, differs and not arms.awaited),
    )


def _pairs(arms: TwoArms, horizon: int | None) -> tuple[TimeToEventPair, ...]:
    a, b = arms.a, arms.b
    return tuple(_pair(seed, a[seed], b[seed], horizon) for seed in sorted(a.keys() & b.keys()))


def _pair(seed: int, a: TimeToEvent, b: TimeToEvent, horizon: int | None) -> TimeToEventPair:
    assert horizon is not None  # there is one as soon as there is a run
    return TimeToEventPair(
        seed=seed,
        a=a.step,
        a_reached=a.reached,
        b=b.step,
        b_reached=b.reached,
        difference=a.restricted(horizon) - b.restricted(horizon),
    )


def log_rank_p(a: TimesBySeed, b: TimesBySeed) -> float | None:
    """Two-sided log-rank p (Mantel 1966); None without an event while both arms were at risk.

    At each step with an event, the events of a less those that its share of the runs at risk would
    have, over the root of the sum of their hypergeometric variances, is standard normal.
    """
    both = [*a.values(), *b.values()]
    steps = np.unique(np.array([time.step for time in both if time.reached], dtype=np.int64))
    of_a, of_all = (_at_risk_and_events(steps, list(times)) for times in (a.values(), both))
    (at_risk_a, events_a), (at_risk, events) = of_a, of_all
    share = at_risk_a / at_risk
    variance = events * share * (1 - share) * (at_risk - events) / np.maximum(at_risk - 1, 1)
    if not variance.any():
        return None
    z = (events_a - events * share).sum() / math.sqrt(variance.sum())
    return float(2 * ndtr(-abs(z)))


def _at_risk_and_events(
    steps: NDArray[np.int64], times: Sequence[TimeToEvent]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    every = np.array([time.step for time in times], dtype=np.int64)
    return at_risk_at(steps, every), events_at(steps, times)


def restricted_difference(
    a: TimesBySeed, b: TimesBySeed, horizon: int | None, confidence: float
) -> RestrictedDifference | None:
    """The difference of two areas; its variance is the sum of theirs (Uno et al. 2014)."""
    if horizon is None or not a or not b:
        return None
    first, second = (restricted_mean(list(side.values()), horizon, confidence) for side in (a, b))
    difference = first.mean - second.mean
    error = math.hypot(first.standard_error, second.standard_error)
    return RestrictedDifference(
        difference=difference,
        standard_error=error,
        interval=normal_interval(difference, error, confidence),
    )


def _interval(bounds: Bounds | None, confidence: float) -> StepInterval | None:
    if bounds is None:
        return None
    return StepInterval(confidence=confidence, low=bounds[0], high=bounds[1])


def _verdict(mean: Statistic, differs: bool) -> SoonerVerdict:
    if mean is None or not differs:
        return "undecided"
    return "a_sooner" if mean < 0 else "b_sooner"
