"""Collapse at the end of a run: one vector for all questions, the typical failure of hard mining.

`plateau_level.py` says when a run is one. It is an outcome to count, not a reason to leave out a
run: collapsed runs are part of every mean.
"""

from collections.abc import Mapping

from statsmodels.stats.proportion import proportion_confint

from models.comparison.mcnemar import exact_p
from models.comparison.paired_t import mean_and_sd, paired, rounding_of, t_bounds
from models.comparison.schema import Collapse, CollapseShare, Interval, WithoutCollapsed
from models.comparison.sign_flip import sign_flip_p


def collapse(
    a: Mapping[int, float],
    b: Mapping[int, float],
    collapsed_a: Mapping[int, bool],
    collapsed_b: Mapping[int, bool],
    confidence: float,
) -> Collapse:
    """From seed -> value, and seed -> whether the run ended collapsed, of all succeeded runs."""
    both = collapsed_a.keys() & collapsed_b.keys()
    only_a = sum(collapsed_a[seed] and not collapsed_b[seed] for seed in both)
    only_b = sum(collapsed_b[seed] and not collapsed_a[seed] for seed in both)
    return Collapse(
        a=_share(collapsed_a, confidence),
        b=_share(collapsed_b, confidence),
        only_a=only_a,
        only_b=only_b,
        p=exact_p(only_a, only_b),
        without=_without(a, b, collapsed_a, collapsed_b, confidence),
    )


def _share(collapsed: Mapping[int, bool], confidence: float) -> CollapseShare:
    count, n = sum(collapsed.values()), len(collapsed)
    if n == 0:
        return CollapseShare(collapsed=0, n=0, share=None, interval=None)
    low, high = proportion_confint(count, n, alpha=1 - confidence, method="wilson")
    # the bounds for no run and for all runs are exactly 0 and 1, which rounding would miss
    low = 0.0 if count == 0 else max(0.0, float(low))
    high = 1.0 if count == n else min(1.0, float(high))
    interval = Interval(confidence=confidence, low=low, high=high)
    return CollapseShare(collapsed=count, n=n, share=count / n, interval=interval)


def _without(
    a: Mapping[int, float],
    b: Mapping[int, float],
    collapsed_a: Mapping[int, bool],
    collapsed_b: Mapping[int, bool],
    confidence: float,
) -> WithoutCollapsed:
    pairs = [
        pair
        for pair in paired(a, b)
        if not (collapsed_a.get(pair.seed) or collapsed_b.get(pair.seed))
    ]
    rounding = rounding_of(pairs)
    differences = [pair.difference for pair in pairs]
    mean, sd = mean_and_sd(differences, rounding)
    bounds = t_bounds(mean, sd, len(pairs), confidence)
    return WithoutCollapsed(
        pairs=len(pairs),
        mean_difference=mean,
        interval=bounds and Interval(confidence=confidence, low=bounds[0], high=bounds[1]),
        sign_flip_p=sign_flip_p(differences, slack=rounding),
    )
