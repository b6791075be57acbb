"""Collapse at the end of a run: one vector for all questions, the typical failure of hard mining.

`plateau_level.py` says when a run is one. It is an outcome to count, not a reason to leave out a
run: collapsed runs are part of every mean.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from scipy import special

from models.comparison.mcnemar import exact_p
from models.comparison.paired_t import AnyPair, mean_and_sd, rounding_of, t_bounds
from models.comparison.schema import (
    Collapse,
    CollapseShare,
    Interval,
    Statistic,
    WithoutCollapsed,
)

P = TypeVar("P", bound=AnyPair)


def pairs_without_collapsed(
    pairs: Sequence[P], collapsed_a: Collection[int], collapsed_b: Collection[int]
) -> Sequence[P]:
    """The pairs of the seeds under which neither run ended collapsed."""
    if not (collapsed_a or collapsed_b):
        return pairs
    return tuple(
        pair for pair in pairs if pair.seed not in collapsed_a and pair.seed not in collapsed_b
    )


def collapse(
    without: Sequence[AnyPair],
    without_p: Statistic,
    collapsed_a: Mapping[int, bool],
    collapsed_b: Mapping[int, bool],
    confidence: float,
) -> Collapse:
    """From seed -> whether the run ended collapsed, of all succeeded runs of each arm, and the
    pairs without collapsed runs with their sign-flip p."""
    both = collapsed_a.keys() & collapsed_b.keys()
    only_a = sum(collapsed_a[seed] and not collapsed_b[seed] for seed in both)
    only_b = sum(collapsed_b[seed] and not collapsed_a[seed] for seed in both)
    return Collapse(
        a=_share(sum(collapsed_a.values()), len(collapsed_a), confidence),
        b=_share(sum(collapsed_b.values()), len(collapsed_b), confidence),
        only_a=only_a,
        only_b=only_b,
        p=exact_p(only_a, only_b),
        without=_without(without, without_p, confidence),
    )


@lru_cache(maxsize=1024)  # each arm is compared with many others
def _share(count: int, n: int, confidence: float) -> CollapseShare:
    if n == 0:
        return CollapseShare(collapsed=0, n=0, share=None, interval=None)
    low, high = wilson(count, n, confidence)
    interval = Interval(confidence=confidence, low=low, high=high)
    return CollapseShare(collapsed=count, n=n, share=count / n, interval=interval)


def wilson(count: int, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's interval (1927) of a share. (That of statsmodels takes 90 MB to import.)"""
    quantile, share = -float(special.ndtri((1 - confidence) / 2)), count / n
    scale = 1 + quantile**2 / n
    centre = (share + quantile**2 / (2 * n)) / scale
    half = quantile * math.sqrt(share * (1 - share) / n + quantile**2 / (4 * n**2)) / scale
    # the bounds for no run and for all runs are exactly 0 and 1, which rounding would miss
    low = 0.0 if count == 0 else max(0.0, centre - half)
    high = 1.0 if count == n else min(1.0, centre + half)
    return low, high


def _without(pairs: Sequence[AnyPair], p: Statistic, confidence: float) -> WithoutCollapsed:
    mean, sd = mean_and_sd([pair.difference for pair in pairs], rounding_of(pairs))
    bounds = t_bounds(mean, sd, len(pairs), confidence)
    return WithoutCollapsed(
        pairs=len(pairs),
        mean_difference=mean,
        interval=bounds and Interval(confidence=confidence, low=bounds[0], high=bounds[1]),
        sign_flip_p=p,
    )
