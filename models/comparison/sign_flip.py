"""The exact sign-flip test: under no difference, each a - b could equally have been b - a."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted
from models.comparison.paired_t import ROUNDING
from models.comparison.schema import Statistic

EXACT_PAIRS = 40  # two sorted halves of at most 2^20 sums each, about 0.2 s
MONTE_CARLO_DRAWS = 99_999  # so that p is a multiple of 1/100,000
BLOCK = 32  # pairs whose signs are drawn at once
AT_ONCE = 4_096  # patterns in memory at once: 16 MB for 1,000 pairs; a multiple of 8
SINGLE = 2.0**-23  # twice what rounding in single precision adds to a sum, by term and size

Sample = tuple[Sequence[float], float]
"""Differences, and the rounding error of one of them (`slack`)."""


def sign_flip_p(differences: Sequence[float], *, slack: float = 0.0) -> Statistic:
    """Two-sided sign-flip p: the share of the 2^N sign patterns with |sum| >= the observed |sum|.

    **Exact up to 40 pairs; beyond, a Monte Carlo with a fixed seed and p = (k + 1) / (m + 1)** over
    m = 99,999 patterns (Phipson and Smyth 2010), so the p is deterministic and never 0.
    `slack` is the rounding error of one difference: sums that close to the observed one count as
    ties, so that the identity pattern always counts. None without differences.
    """
    return sign_flip_ps([(differences, slack)])[0]


def sign_flip_ps(samples: Iterable[Sample]) -> list[Statistic]:
    """The p of each sample, as `sign_flip_p` gives it; those of many pairs share the patterns that
    are drawn, so that sixteen arms cost little more than two."""
    ps: list[Statistic] = []
    sampled: list[tuple[int, Sequence[float], float]] = []
    for differences, slack in while_wanted(samples):
        threshold = _threshold(differences, slack)
        if not differences or threshold <= 0:
            ps.append(1.0 if differences else None)
        elif len(differences) <= EXACT_PAIRS:
            ps.append(_exact_tail(differences, threshold))
        else:
            sampled.append((len(ps), differences, threshold))
            ps.append(None)
    if sampled:
        places, many, thresholds = zip(*sampled, strict=True)
        for place, p in zip(places, _sampled_tails(many, thresholds), strict=True):
            ps[place] = p
    return ps


def _threshold(differences: Sequence[float], slack: float) -> float:
    """The size from which on a sum counts as at least as large as the observed one."""
    # The sums below are added in another order than this one, hence ROUNDING beside the slack.
    allowed = len(differences) * slack + ROUNDING * math.fsum(map(abs, differences))
    return abs(math.fsum(differences)) - allowed


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
    """(k + 1) / (m + 1) of each sample, over the same patterns: one matrix product for all."""
    longest = max(map(len, samples))
    padded = np.zeros((len(samples), longest))  # pairs that a sample does not have add nothing
    for row, differences in zip(padded, samples, strict=True):
        row[: len(differences)] = differences
    scale = np.abs(padded).max(axis=1, keepdims=True)
    padded, least = padded / scale, np.array(thresholds)[:, None] / scale
    reaching = np.zeros(len(samples), dtype=np.int64)
    for start in while_wanted(range(0, MONTE_CARLO_DRAWS, AT_ONCE)):
        reaching += _count_reaching(padded, least, _positive_signs(longest, start))
    return [float(p) for p in (reaching + 1) / (MONTE_CARLO_DRAWS + 1)]


def _count_reaching(
    samples: NDArray[np.float64], least: NDArray[np.float64], positive: NDArray[np.float32]
) -> NDArray[np.intp]:
    """How many patterns' sums are at least as large as `least` [S, 1], of each sample [S, N] of
    values up to 1.

    In single precision, which takes half the time; the few sums that are so near that its rounding
    might decide are added again in double precision.
    """
    totals = samples.sum(axis=1, keepdims=True)
    # a sum of +-d is twice the sum of the positive ones less the sum of all
    beyond = np.abs(2 * (samples.astype(np.float32) @ positive) - totals) - least
    sizes = np.abs(samples).sum(axis=1, keepdims=True)
    doubtful = np.abs(beyond) <= (samples.shape[1] + 2) * SINGLE * sizes
    count: NDArray[np.intp] = np.count_nonzero((beyond > 0) & ~doubtful, axis=1)
    for row in np.flatnonzero(doubtful.any(axis=1)):
        sums = 2 * (samples[row] @ positive[:, doubtful[row]].astype(np.float64)) - totals[row]
        count[row] += np.count_nonzero(np.abs(sums) >= least[row])
    return count


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
