"""Differences that end abruptly on one side, as they do where the other side has a long tail.

**Why.** A t test trusts that the sample shows the spread. Where one arm now and then has a far
worse run, most samples of 6 to 20 seeds have too few of these: their mean is too good *and* their
sd too small, so that the t test says `better` in 6 to 10 % of the cases where the means are the
same, and `equivalent` at the margin in up to 15 %. The skewness of such a sample hardly shows,
since what would show it is missing. What shows is the other side: values that have a long tail
below crowd against an edge above.

**What is measured.** How far the sample reaches beyond its mean on the side of the claim, in sds:
(largest - mean) / sd, the extreme studentized deviate of Pearson and Chandra Sekar (1936) and
Grubbs (1950), of which the *small* values matter here. Where it is smaller than in 95 % of normal
samples, the t test of this claim has to pass at a tenth of the level (its p is multiplied by ten).

**What it costs.** Under normal noise that deviate says nothing of mean and sd (Basu 1955), so only
5 % of the claims come under the stricter level, whatever the effect, and some of these still pass.
In the simulations that takes about 2 points of power. Corrections of the statistic itself (Johnson
1978; Hall 1992) take 3 to 7 with 10 pairs, and one who knew the tail would still pay about 2
(`benchmarks/README.md`).

**What it does not.** With 6 to 10 seeds of an extreme tail (exponential, and no noise in the other
arm) a false `better` remains at 6 to 7 %.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from models.comparison.schema import Statistic

STRICTER = 10.0
BETTER_SHARE = 0.05
TOST_SHARE = 0.025
"""Of normal samples that come under the stricter level: a claim `better` has one side, and
`equivalent` two, which share the 5 %."""

# Normal samples of n values reach less far than this, in sds, in 2.5 % and in 5 %: from 4,000,000
# samples of each size up to 20, of 80,000,000 values of each larger size
# (`tests/unit/comparison/test_short_side.py` draws some again).
QUANTILES: dict[int, tuple[float, float]] = {
    6: (0.8127, 0.8812),
    7: (0.8716, 0.9414),
    8: (0.9240, 0.9947),
    9: (0.9701, 1.0422),
    10: (1.0122, 1.0848),
    11: (1.0503, 1.1234),
    12: (1.0851, 1.1584),
    14: (1.1476, 1.2212),
    16: (1.2012, 1.2752),
    18: (1.2479, 1.3220),
    20: (1.2903, 1.3644),
    25: (1.3791, 1.4535),
    30: (1.4505, 1.5247),
    40: (1.5636, 1.6376),
    50: (1.6493, 1.7232),
    70: (1.7779, 1.8507),
    100: (1.9106, 1.9829),
    150: (2.0585, 2.1300),
    200: (2.1605, 2.2309),
    300: (2.3025, 2.3727),
    500: (2.4768, 2.5445),
    1000: (2.6994, 2.7654),
}
SIZES = tuple(QUANTILES)
FEWEST, MOST = SIZES[0], SIZES[-1]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far differences reach below and above their mean, in their sd, and how many they are."""

    below: float
    above: float
    pairs: int

    def strictness(self, *, above: bool, share: float) -> float:
        """What the p of a claim is multiplied by: 10 where the differences reach less far, `above`
        their mean or below it, than all but this share of normal samples; else 1."""
        reach = self.above if above else self.below
        return STRICTER if reach < least_reach(self.pairs, share) else 1.0


def reach_of(differences: Sequence[float], mean: Statistic, sd: Statistic) -> Reach | None:
    """None with fewer than six differences, of which nothing is claimed, or without spread."""
    if mean is None or not sd or len(differences) < FEWEST:
        return None
    return Reach((mean - min(differences)) / sd, (max(differences) - mean) / sd, len(differences))


def strict_t_p(t_p: Statistic, mean: Statistic, reach: Reach | None) -> Statistic:
    """The two-sided p of the t test as `better` needs it: that a mean above zero is above it is
    doubtful where the differences end abruptly above, as their tail may lie below."""
    if t_p is None or mean is None or reach is None:
        return t_p
    return min(1.0, t_p * reach.strictness(above=mean > 0, share=BETTER_SHARE))


def is_held_back(strict_p: Statistic, mean: Statistic, reach: Reach | None, alpha: float) -> bool:
    """Whether a claim comes under the stricter level and does not reach it, by its `strict_t_p`."""
    if strict_p is None or mean is None or reach is None:
        return False
    return reach.strictness(above=mean > 0, share=BETTER_SHARE) > 1 and strict_p > alpha


def strictness_of_tost(reach: Reach | None) -> tuple[float, float]:
    """What the one-sided p of "below the margin" and "above -margin" are multiplied by: that the
    mean is low is doubtful where the differences end abruptly below, and the other way round."""
    if reach is None:
        return 1.0, 1.0
    below, above = (reach.strictness(above=side, share=TOST_SHARE) for side in (False, True))
    return below, above


def least_reach(n: int, share: float) -> float:
    """What all but a share of 2.5 or 5 % of normal samples of n values reach; between the sizes of
    the table linear in log n, beyond the last as there."""
    column = (TOST_SHARE, BETTER_SHARE).index(share)
    n = min(n, MOST)
    after = bisect_right(SIZES, n)
    low = SIZES[after - 1]
    if low == n:
        return QUANTILES[low][column]
    high = SIZES[after]
    part = math.log(n / low) / math.log(high / low)
    return (1 - part) * QUANTILES[low][column] + part * QUANTILES[high][column]
