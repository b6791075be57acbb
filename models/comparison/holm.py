"""Holm's step-down: among many comparisons, the chance of one false `better` stays at alpha."""

from collections.abc import Sequence

from models.comparison.schema import Figure


def holm(ps: Sequence[Figure]) -> list[Figure]:
    """Adjusted p of each: p x the number of those not smaller, made ascending, at most 1 (Holm
    1979). One that has no p yet counts in the family, so that the first seeds to end are not judged
    as if they were all that was asked.

    By hand, since statsmodels' `multipletests` collects the garbage of the whole process each time.
    """
    adjusted: list[Figure] = [None] * len(ps)
    known = sorted((p, index) for index, p in enumerate(ps) if p is not None)
    least = 0.0
    for rank, (p, index) in enumerate(known):
        least = max(least, min(1.0, p * (len(ps) - rank)))
        adjusted[index] = least
    return adjusted
