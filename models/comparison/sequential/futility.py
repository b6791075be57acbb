"""Futility: whether seeds that are still planned could decide anything.

A look that decides nothing adds seeds. Where arms lie in between, so that the last look could call
them neither different nor equivalent, these seeds are spent in vain. So a look also asks for the
chance that the last one stays undecided, and stops where it is above `FUTILE_ABOVE`.

The chance is the predictive probability (Spiegelhalter, Freedman and Blackburn 1986): what is not
known of the mean and the spread after n pairs, under a flat prior, is averaged over; no difference
is assumed. **Non-binding:** the levels of the looks were planned as if no look ever stopped for
this, so stopping, or going on in spite of it, leaves the error as it was (Jennison and Turnbull
2000, 10.2). Only the t tests are reckoned with, since they are what binds at so many pairs.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.comparison.paired_t import t_quantile
from models.comparison.rule import FEWEST_PAIRS, fewest_pairs
from models.comparison.schema import Statistic

FUTILE_ABOVE = 0.95
FEWEST_FOR_SD = 3  # an sd of two differences says nothing
NODES = 64
FARTHEST = 1e9  # sds; whatever lies farther has the same consequences


@dataclass(frozen=True, slots=True)
class LastLook:
    """The last look of a plan, as it would be if all seeds to come succeed.

    `pairs` at it, the nominal `level` of its tests, and the `margin` of equivalence.
    """

    pairs: int
    level: float
    margin: float | None


def stays_undecided(mean: Statistic, sd: Statistic, pairs: int, last: LastLook) -> Statistic:
    """The probability that the last look is undecided, given mean and sd of `pairs` differences.

    None with fewer than three pairs, or where no pair is to come; 0 without spread, since then the
    mean is known.
    """
    to_come = last.pairs - pairs
    if mean is None or sd is None or pairs < FEWEST_FOR_SD or to_come < 1:
        return None
    if last.pairs < FEWEST_PAIRS:
        return 1.0
    if sd == 0:
        return 0.0
    z, z_weights = _normal_nodes()
    sigma, sigma_weights = _sigma_nodes(pairs)
    # in units of the sd that was seen; sigma is what the true one may be: [NODES, 1]
    sigma = sigma[:, np.newaxis]
    final_mean = _in_sds(mean, sd) + z * sigma * math.sqrt(to_come / (pairs * last.pairs))
    needed = _undecided_from(np.abs(final_mean), last, sd) ** 2 * (last.pairs - 1)
    # squares about the final mean: those seen, the shift of the mean, and those to come
    known = pairs - 1 + (z * sigma) ** 2
    chance = _squares_reach((needed - known) / sigma**2, to_come - 1)
    total = float(sigma_weights @ chance @ z_weights)
    return min(1.0, max(0.0, total))  # the weights add up to 1 only nearly


def least_of(chances: Iterable[Statistic]) -> Statistic:
    """The smallest of the chances of several comparisons: all of them are at least as sure to stay
    undecided. None without any, or where one is not known."""
    known = list(chances)
    return None if not known or None in known else min(one for one in known if one is not None)


def is_futile(stays: Statistic, above: float | None) -> bool:
    """Whether a look stops at this chance to stay undecided; `above` is None where none does."""
    return stays is not None and above is not None and stays > above


def _in_sds(value: float, sd: float) -> float:
    return max(-FARTHEST, min(FARTHEST, value / sd))


def _undecided_from(size: NDArray[np.float64], last: LastLook, sd: float) -> NDArray[np.float64]:
    """The least final sd, in sds seen, with which a mean of this size is left undecided: both the
    two-sided t test and TOST fail where the spread is large enough."""
    root = math.sqrt(last.pairs)
    least = np.zeros_like(size)
    if last.margin is not None:
        room = _in_sds(last.margin, sd) - size
        least = np.maximum(least, room * root / -t_quantile(last.level, last.pairs - 1))
    if last.pairs >= fewest_pairs(last.level):
        least = np.maximum(least, size * root / -t_quantile(last.level / 2, last.pairs - 1))
    return least


def _squares_reach(least: NDArray[np.float64], degrees: int) -> NDArray[np.float64]:
    """The chance that chi squared with so many degrees is at least `least`."""
    if degrees == 0:
        return np.where(least <= 0, 1.0, 0.0)
    from scipy.special import chdtrc  # slow to import, and needed only where a look is taken

    return np.asarray(chdtrc(degrees, np.maximum(least, 0.0)))


@lru_cache(maxsize=1)
def _normal_nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard normal values, and their probabilities: Gauss-Legendre over the quantiles."""
    from scipy.special import ndtri

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return np.asarray(ndtri((nodes + 1) / 2)), weights / 2


@lru_cache(maxsize=256)
def _sigma_nodes(pairs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the true sd may be, in sds seen over so many pairs, and the probabilities."""
    from scipy.special import chdtri

    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return np.sqrt((pairs - 1) / np.asarray(chdtri(pairs - 1, (nodes + 1) / 2))), weights / 2
