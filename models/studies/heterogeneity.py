"""How much a difference differs between data sets, beyond what a few seeds explain.

Cochran's Q weights each data set by one over its estimated variance. With six seeds that is 1.7
times too large on average, so Q finds data sets different that are not: its I2 would be a third
where there is nothing. So the variance between data sets is the one that needs no weights (Hedges
and Olkin 1985, *Statistical Methods for Meta-Analysis*, chapter 9; the "Cochran ANOVA" estimate of
DerSimonian and Kacker 2007), and the test is Welch's (1951, *On the comparison of several mean
values: an alternative approach*), which is Q with degrees of freedom for estimated variances.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from models.comparison.schema import Statistic
from models.studies.schema import Heterogeneity


class MeanOfSeeds(NamedTuple):
    """The mean difference of one data set."""

    mean: float
    standard_error: float
    seeds: int


def heterogeneity(means: Sequence[MeanOfSeeds]) -> Heterogeneity:
    """Of at least two data sets, each with at least two seeds."""
    k = len(means)
    center = math.fsum(one.mean for one in means) / k
    between = math.fsum((one.mean - center) ** 2 for one in means) / (k - 1)
    within = math.fsum(one.standard_error**2 for one in means) / k
    tau2 = max(0.0, between - within)
    return Heterogeneity(tau2=tau2, i2=tau2 / between if between else 0.0, p=welch_p(means))


def welch_p(means: Sequence[MeanOfSeeds]) -> Statistic:
    """Welch's test that all true means are the same; None where one has no spread."""
    # a quarter of a second, which a process that only starts must not wait for
    from scipy.special import fdtrc

    weights = [one.standard_error**2 for one in means]
    if not all(weights):
        return None
    smallest = min(weights)
    weights = [smallest / weight for weight in weights]  # at most 1: no power of a loss overflows
    total, k = math.fsum(weights), len(means)
    center = math.fsum(w * one.mean for w, one in zip(weights, means, strict=True)) / total
    spread = math.fsum(w * (one.mean - center) ** 2 for w, one in zip(weights, means, strict=True))
    shares = zip(weights, means, strict=True)
    unsure = math.fsum((1 - w / total) ** 2 / (one.seeds - 1) for w, one in shares)
    f = spread / smallest / (k - 1) / (1 + 2 * (k - 2) / (k**2 - 1) * unsure)
    return float(fdtrc(k - 1, (k**2 - 1) / (3 * unsure), f))
