"""The exact sign-flip test: under no difference, each a - b could equally have been b - a.

Exact in one of two ways, or sampled where either would take too long. Values that are counts over
the same number, as accuracies are, make differences on a grid, on which the sums of all patterns
are few: they are counted value by value (Pagano and Tritchler 1983). Others are counted by halves
of the pairs, whose sums are sorted.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted
from models.comparison.paired_t import ROUNDING
from models.comparison.schema import Statistic

EXACT_PAIRS = 40  # two sorted halves of at most 2^20 sums each, about 0.2 s
EXACT_SUMS = 2**23  # of halves, in all comparisons of a family: less than a second
GRID_PAIRS = 1_000  # beyond, the least p would be below the smallest number
GRID_COUNTS = 2**21  # additions, about two milliseconds
FINEST_GRID = 2**20  # points between 0 and 1
HALVES = 16  # pairs up to which halves cost less than to look for a grid
MONTE_CARLO_DRAWS = 99_999  # so that p is a multiple of 1/100,000
BLOCK = 32  # pairs whose signs are drawn at once
AT_ONCE = 4_096  # patterns in memory at once: 16 MB for 1,000 pairs; a multiple of 8
SAMPLES_AT_ONCE = 64  # whose sums are in memory at once: 1 MB
SINGLE = 2.0**-23  # twice what rounding in single precision adds to a sum, by term and size


class Sample(NamedTuple):
    """The differences of one comparison."""

    differences: Sequence[float]
    slack: float = 0.0
    """The rounding error of one difference: sums that close to the observed one count as ties, so
    that the identity pattern always counts."""
    family: int = 1
    """How many comparisons are made with it."""


def sign_flip_p(differences: Sequence[float], *, slack: float = 0.0) -> Statistic:
    """Two-sided sign-flip p: the share of the 2^N sign patterns with |sum| >= the observed |sum|.

    **Exact up to 40 pairs, and for up to 1,000 pairs of values on a grid; else a Monte Carlo with a
    fixed seed and p = (k + 1) / (m + 1)** over m = 99,999 patterns (Phipson and Smyth 2010), so the
    p is deterministic and never 0. Values on no grid are sampled from fewer pairs on where the
    family has many comparisons (`EXACT_SUMS`): from 39 where it has 6, from 31 where it has 120.
    `slack` is that of `Sample`. None without differences.
    """
    return sign_flip_ps([Sample(differences, slack)])[0]


def sign_flip_ps(samples: Iterable[Sample]) -> list[Statistic]:
    """The p of each sample; those of many pairs share the patterns that are drawn, so that sixteen
    arms cost little more than two."""
    ps: list[Statistic] = []
    sampled: list[tuple[int, Sequence[float], float]] = []
    grids: list[int] = []
    for sample in while_wanted(samples):
        differences, threshold = sample.differences, _threshold(sample)
        if not differences or threshold <= 0:
            ps.append(1.0 if differences else None)
        elif (units := _on_grid(sample, grids)) is not None:
            ps.append(_tail_on_grid(units))
        elif _is_exact(sample):
            ps.append(_exact_tail(differences, threshold))
        else:
            sampled.append((len(ps), differences, threshold))
            ps.append(None)
    if sampled:
        places, many, thresholds = zip(*sampled, strict=True)
        for place, p in zip(places, _sampled_tails(many, thresholds), strict=True):
            ps[place] = p
    return ps


def _is_exact(sample: Sample) -> bool:
    pairs = len(sample.differences)
    return pairs <= EXACT_PAIRS and sample.family * 2.0 ** (pairs / 2 + 1) <= EXACT_SUMS


def _threshold(sample: Sample) -> float:
    """The size from which on a sum counts as at least as large as the observed one."""
    # The sums below are added in another order than this one, hence ROUNDING beside the slack.
    differences, slack = sample.differences, sample.slack
    allowed = len(differences) * slack + ROUNDING * math.fsum(map(abs, differences))
    return abs(math.fsum(differences)) - allowed


def _on_grid(sample: Sample, grids: list[int]) -> NDArray[np.int64] | None:
    """The differences in units of a grid that all of them lie on, of 1/q for a whole q; None where
    there is none, or where counting on it would take too long.

    `grids` are the q of samples before, which are tried first.
    """
    pairs = len(sample.differences)
    if not HALVES < pairs <= GRID_PAIRS:
        return None
    differences = np.array(sample.differences)
    error = sample.slack + 4 * np.finfo(np.float64).eps * float(np.abs(differences).max())
    most = 1 / (4 * pairs * error)  # on a finer one, errors could add up to a step
    for known in grids:
        if known <= most and (units := _units(differences, known, error)) is not None:
            return units if _is_countable(units) else None
    grid = _finest(sample.differences, error)
    if grid is None or grid > most:
        return None
    units = _units(differences, grid, error)
    if units is None:
        return None
    grids.append(grid)
    return units if _is_countable(units) else None


def _finest(differences: Sequence[float], error: float) -> int | None:
    """The smallest q for which each of the differences times q is whole, but for its error."""
    grid = 1
    for one in differences:
        scaled = one * grid
        if abs(scaled - round(scaled)) <= grid * error:
            continue
        if grid == FINEST_GRID:
            return None
        grid *= Fraction(scaled).limit_denominator(FINEST_GRID // grid).denominator
        if abs(one * grid - round(one * grid)) > grid * error:
            return None
    return grid


def _units(differences: NDArray[np.float64], grid: int, error: float) -> NDArray[np.int64] | None:
    scaled = differences * grid
    whole = np.rint(scaled)
    if (np.abs(scaled - whole) > grid * error).any() or np.abs(whole).sum() > GRID_COUNTS:
        return None
    return whole.astype(np.int64)


def _is_countable(units: NDArray[np.int64]) -> bool:
    return len(units) * _most_flipped(units) <= GRID_COUNTS


def _most_flipped(units: NDArray[np.int64]) -> int:
    """The largest sum of sizes that may be flipped, of units that are turned so that all are
    positive: then the sum is still as large as the observed one."""
    return int(np.abs(units).sum() - abs(units.sum())) // 2


def _tail_on_grid(units: NDArray[np.int64]) -> float:
    """How many subsets of the sizes have each sum, up to the largest that may be flipped. Patterns
    come in opposite pairs, so the tails are alike."""
    most = _most_flipped(units)
    subsets = np.zeros(most + 1)
    subsets[0] = 1
    for size in np.abs(units).tolist():
        if size <= most:
            subsets[size:] += subsets[: most + 1 - size].copy()
    return math.ldexp(float(subsets.sum()), 1 - len(units))


def _exact_tail(differences: Sequence[float], threshold: float) -> float:
    """Meet in the middle: a binary search counts, for each sum of the left half, the right sums
    that reach the threshold with it. Patterns come in opposite pairs, so the tails are alike."""
    middle = len(differences) // 2
    left, right = _signed_sums(differences[:middle]), _signed_sums(differences[middle:])
    short = int(np.searchsorted(right, threshold - left, side="left").sum())
    return 2 - 2 * short / (left.size * right.size)


def _signed_sums(differences: Sequence[float]) -> NDArray[np.float64]:
    """All 2^N sums of +-differences, ascending: shape [2^N]."""
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums - difference, sums + difference])
    return np.sort(sums)


def _sampled_tails(samples: Sequence[Sequence[float]], thresholds: Sequence[float]) -> list[float]:
    """(k + 1) / (m + 1) of each sample, over the same patterns: one matrix product for many."""
    longest = max(map(len, samples))
    padded = np.zeros((len(samples), longest))  # pairs that a sample does not have add nothing
    for row, differences in zip(padded, samples, strict=True):
        row[: len(differences)] = differences
    scale = np.abs(padded).max(axis=1, keepdims=True)
    padded, least = padded / scale, np.array(thresholds)[:, None] / scale
    reaching = np.zeros(len(samples), dtype=np.int64)
    for start in while_wanted(range(0, MONTE_CARLO_DRAWS, AT_ONCE)):
        positive = _positive_signs(longest, start)
        for first in range(0, len(samples), SAMPLES_AT_ONCE):
            own = slice(first, first + SAMPLES_AT_ONCE)
            reaching[own] += _count_reaching(padded[own], least[own], positive)
    return [float(p) for p in (reaching + 1) / (MONTE_CARLO_DRAWS + 1)]


def _count_reaching(
    samples: NDArray[np.float64], least: NDArray[np.float64], positive: NDArray[np.float32]
) -> list[int]:
    """How many patterns' sums are at least as large as `least` [S, 1], of each sample [S, N] of
    values up to 1.

    In single precision, which takes half the time; the few sums that are so near that its rounding
    might decide are added again in double precision.
    """
    totals = samples.sum(axis=1, keepdims=True)
    # a sum of +-d is twice the sum of the positive ones less the sum of all
    sums = (2 * samples).astype(np.float32) @ positive
    sums -= totals.astype(np.float32)
    np.abs(sums, out=sums)
    near = (samples.shape[1] + 6) * SINGLE * np.abs(samples).sum(axis=1, keepdims=True)
    surely, maybe = (bound.astype(np.float32) for bound in (least + near, least - near))
    counts = []
    for row, own in enumerate(sums):
        count = np.count_nonzero(own > surely[row])
        if count < np.count_nonzero(own > maybe[row]):
            doubtful = (own > maybe[row]) & (own <= surely[row])
            exact = 2 * (samples[row] @ positive[:, doubtful].astype(np.float64)) - totals[row]
            count += np.count_nonzero(np.abs(exact) >= least[row])
        counts.append(int(count))
    return counts


def _positive_signs(pairs: int, start: int) -> NDArray[np.float32]:
    """1 where the sign of a pair is positive, else 0, in the patterns from `start` on:
    [pairs, AT_ONCE or fewer]."""
    count = min(AT_ONCE, MONTE_CARLO_DRAWS - start)
    octets = slice(start // 8, (start + AT_ONCE) // 8)
    blocks = range(-(-pairs // BLOCK))
    bits = np.concatenate([_positive(block)[:, octets] for block in blocks])[:pairs]
    return np.unpackbits(bits, axis=1, count=count).astype(np.float32)


@lru_cache(maxsize=32)  # 1,024 pairs: 13 MB
def _positive(block: int) -> NDArray[np.uint8]:
    """Which signs of the pairs of a block are positive, for each pattern, as bits: [BLOCK, draws].

    All comparisons share the patterns, so they are drawn once; each block has its place in one
    stream of draws.
    """
    stream = np.random.PCG64(0).advance(block * BLOCK * MONTE_CARLO_DRAWS)
    draws = np.random.Generator(stream).random((BLOCK, MONTE_CARLO_DRAWS))
    return np.packbits(draws >= 0.5, axis=1)
