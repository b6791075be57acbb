"""Holm's step-down: among many comparisons, the chance of one false `better` stays at alpha."""

from collections.abc import Sequence

from models.comparison.schema import Statistic


def holm(ps: Sequence[Statistic]) -> list[Statistic]:
    """Adjusted p of each: p x the number of those not smaller, made ascending, at most 1 (Holm
    1979). A comparison without a p yet counts in the family, so that the first ones to have a p are
    not judged as if they were the whole family.

    Written here since statsmodels' `multipletests` runs a full garbage collection at each call.
    """
    adjusted: list[Statistic] = [None] * len(ps)
    known = sorted((p, index) for index, p in enumerate(ps) if p is not None)
    least = 0.0
    for rank, (p, index) in enumerate(known):
        least = max(least, min(1.0, p * (len(ps) - rank)))
        adjusted[index] = least
    return adjusted
