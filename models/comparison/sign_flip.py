"""The exact sign-flip test: under no difference, each a - b could equally have been b - a."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.comparison.paired_t import ROUNDING
from models.comparison.schema import Statistic

EXACT_PAIRS = 40  # two sorted halves of at most 2^20 sums each, about 0.2 s
MONTE_CARLO_DRAWS = 99_999  # so that p is a multiple of 1/100,000
BLOCK = 32  # pairs whose signs are in memory at once, 26 MB


def sign_flip_p(differences: Sequence[float], *, slack: float = 0.0) -> Statistic:
    """Two-sided sign-flip p: the share of the 2^N sign patterns with |sum| >= the observed |sum|.

    **Exact up to 40 pairs; beyond, a Monte Carlo with a fixed seed and p = (k + 1) / (m + 1)** over
    m = 99,999 patterns (Phipson and Smyth 2010), so the p is deterministic and never 0.
    `slack` is the rounding error of one difference: sums that close to the observed one count as
    ties, so that the identity pattern always counts. None without differences.
    """
    if not differences:
        return None
    # The sums below are added in another order than this one, hence ROUNDING beside the slack.
    allowed = len(differences) * slack + ROUNDING * math.fsum(map(abs, differences))
    threshold = abs(math.fsum(differences)) - allowed
    if threshold <= 0:
        return 1.0
    tail = _exact_tail if len(differences) <= EXACT_PAIRS else _sampled_tail
    return tail(differences, threshold)


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


def _sampled_tail(differences: Sequence[float], threshold: float) -> float:
    sums = np.zeros(MONTE_CARLO_DRAWS)
    for start in range(0, len(differences), BLOCK):
        block = np.array(differences[start : start + BLOCK])
        positive = np.unpackbits(_positive(start // BLOCK), axis=1, count=MONTE_CARLO_DRAWS)
        # a sum of +-d is twice the sum of the positive ones less the sum of all
        sums += 2 * (block @ positive[: len(block)].astype(np.float64)) - block.sum()
    reaching = int(np.count_nonzero(np.abs(sums) >= threshold))
    return (reaching + 1) / (MONTE_CARLO_DRAWS + 1)


@lru_cache(maxsize=32)  # 1,024 pairs: 13 MB
def _positive(block: int) -> NDArray[np.uint8]:
    """Which signs of the pairs of a block are positive, for each pattern, as bits: [BLOCK, draws].

    All comparisons share the patterns, so they are drawn once; each block has its place in one
    stream of draws.
    """
    stream = np.random.PCG64(0).advance(block * BLOCK * MONTE_CARLO_DRAWS)
    draws = np.random.Generator(stream).random((BLOCK, MONTE_CARLO_DRAWS))
    return np.packbits(draws >= 0.5, axis=1)
