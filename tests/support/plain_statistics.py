"""The tests behind a verdict at 95 %, by slow plain code from their definitions."""

import itertools
import statistics

from scipy import stats

from models.comparison.skewness.normal_reach import share_below
from models.comparison.skewness.short_side import better_share


def sign_flip(differences: list[float]) -> float:
    observed = abs(sum(differences)) - 1e-12
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    sums = (abs(sum(s * d for s, d in zip(p, differences, strict=True))) for p in patterns)
    return sum(one >= observed for one in sums) / len(patterns)


def strictness(differences: list[float], share: float) -> float:
    """What a claim is held to that these are above zero on average, from how far they reach."""
    if len(differences) < 6:
        return 1.0
    reach = (max(differences) - statistics.fmean(differences)) / statistics.stdev(differences)
    return min(100.0, max(1.0, share / max(share_below(reach, len(differences)), 1e-9)))


def claim_p(differences: list[float]) -> float:
    """The larger of the two tests' p, the t test's as strict as it has to be."""
    towards = differences if statistics.fmean(differences) > 0 else [-one for one in differences]
    strict = strictness(towards, better_share(len(towards), 0.05))
    by_t = min(1.0, strict * float(stats.ttest_1samp(differences, 0).pvalue))
    return max(by_t, sign_flip(differences))


def tost_p(differences: list[float], margin: float) -> float:
    """The larger of the p that the mean is below the margin and that it is above minus it."""
    sides = []
    for sign in (-1, 1):  # turned so that the claim is "above"
        turned = [sign * one for one in differences]
        p = float(stats.ttest_1samp(turned, -margin, alternative="greater").pvalue)
        sides.append(strictness(turned, 0.05) * p)
    return min(1.0, max(sides))
