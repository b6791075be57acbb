"""McNemar's test of the two networks of one seed, on the same test pairs.

Which test pairs a network got right is kept as bits: sixteen arms of two hundred seeds are 24,000
pairs of networks, and each then costs as much as a few hundred additions.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy import special

from models.comparison.resampled.pair_sums import PackedRights
from models.comparison.schema import SeedMcNemar

_TESTS = TypeAdapter(tuple[SeedMcNemar, ...])


def mcnemar(
    seeds: Sequence[int], a_right: PackedRights, b_right: PackedRights, test_pairs: int
) -> tuple[SeedMcNemar, ...]:
    """The test of each seed, given the networks of both arms in its order, over P = `test_pairs`
    of at least 1.

    Exact binomial on the discordant pairs; with b and c of them the difference of the accuracies is
    (b - c) / P and its standard error sqrt(b + c - (b - c)^2 / P) / P.
    """
    only_a = np.bitwise_count(a_right & ~b_right).sum(axis=1, dtype=np.int64)
    only_b = np.bitwise_count(b_right & ~a_right).sum(axis=1, dtype=np.int64)
    variance = only_a + only_b - (only_a - only_b) ** 2 / test_pairs
    columns = {
        "only_a_right": only_a,
        "only_b_right": only_b,
        "difference": (only_a - only_b) / test_pairs,
        "standard_error": np.sqrt(variance) / test_pairs,
        "p": _exact_ps(only_a, only_b),
    }
    rows = zip(seeds, *(column.tolist() for column in columns.values()), strict=True)
    names = ("seed", *columns)
    return _TESTS.validate_python([dict(zip(names, row, strict=True)) for row in rows])


@lru_cache(maxsize=1024)
def exact_p(only_a: int, only_b: int) -> float:
    """Two-sided binomial p of the discordant cases at even odds; 1 without discordant cases."""
    return float(_exact_ps(np.array([only_a]), np.array([only_b]))[0])


def _exact_ps(only_a: NDArray[np.int64], only_b: NDArray[np.int64]) -> NDArray[np.float64]:
    # twice the smaller tail: at even odds both are alike (binomtest takes 4 ms to find that out)
    tails = special.bdtr(np.minimum(only_a, only_b), only_a + only_b, 0.5)
    return np.asarray(np.minimum(1.0, 2 * tails))
