"""How far normal samples reach beyond their mean: the distribution of (largest - mean) / sd.

By the recursion of Grubbs (1950, "Sample criteria for testing outlying observations"). Of n normal
values take the largest away: how far it lay from the mean, in sds, has a known density (Thompson
1935), and says nothing of how far the n - 1 others reach in theirs, which they may up to where it
lay. Of three values the share is an angle. Seeds are few, so a table of 4,096 points for each
size costs a tenth of a millisecond, once; every sixteenth is kept, for the sizes after it.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

POINTS = 4096
FARTHEST = 7.0  # sds: one of 10^9 normal samples of 300 values reaches that far
SMALLEST, KEPT = 3, 16
MOST = 300
"""Values of a sample; larger ones are taken for samples of so many. The errors of the sizes before
add up, to 0.0003 of a share of 0.025 here."""


def share_below(reach: float, n: int) -> float:
    """The share of normal samples of n values that reach less far than this."""
    return float(np.interp(reach, *distribution(min(n, MOST))))


def reach_of_share(share: float, n: int) -> float:
    """What all but this share of normal samples of n values reach."""
    reached, shares = distribution(min(n, MOST))
    return float(np.interp(share, shares, reached))


@lru_cache(maxsize=128)
def distribution(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points that samples of n values reach, ascending, and the share that reaches less far."""
    smaller = (n - 1) // KEPT * KEPT
    if smaller < SMALLEST:
        smaller, reached = SMALLEST, _points(SMALLEST)
        shares = 1 - np.arccos(np.minimum(1.0, reached * math.sqrt(3) / 2)) * 3 / math.pi
    else:
        reached, shares = distribution(smaller)
    for size in range(smaller + 1, n + 1):
        own = _points(size)
        left = np.maximum(1 - size * (own / (size - 1)) ** 2, 0.0)  # of the sum of squares
        with np.errstate(divide="ignore"):
            others = own * size / (size - 1) / np.sqrt(left * (size - 1) / (size - 2))
        below = np.interp(others, reached, shares, right=1.0)
        density = left ** ((size - 4) / 2) * below
        steps = (density[1:] + density[:-1]) / 2 * np.diff(own)
        shares = np.concatenate([[0.0], np.cumsum(steps)])
        reached, shares = own, shares / shares[-1]
    return reached, shares


def _points(n: int) -> NDArray[np.float64]:
    """From where all values but the smallest are one, to where all but the largest are."""
    return np.linspace(1 / math.sqrt(n), min((n - 1) / math.sqrt(n), FARTHEST), POINTS)
