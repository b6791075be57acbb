"""McNemar's test of the two networks of one seed, on the same test pairs."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.comparison.schema import SeedMcNemar

Rights = NDArray[np.bool_]


def mcnemar(seed: int, a_right: Rights, b_right: Rights) -> SeedMcNemar:
    """`a_right`, `b_right` (P,): whether each network got each test pair right, P >= 1.

    Exact binomial on the discordant pairs; with b and c of them the difference of the accuracies is
    (b - c) / P and its standard error sqrt(b + c - (b - c)^2 / P) / P.
    """
    n = len(a_right)
    only_a = int((a_right & ~b_right).sum())
    only_b = int((b_right & ~a_right).sum())
    variance = only_a + only_b - (only_a - only_b) ** 2 / n
    return SeedMcNemar(
        seed=seed,
        only_a_right=only_a,
        only_b_right=only_b,
        difference=(only_a - only_b) / n,
        standard_error=math.sqrt(variance) / n,
        p=exact_p(only_a, only_b),
    )


def exact_p(only_a: int, only_b: int) -> float:
    """Two-sided binomial p of the discordant cases at even odds; 1 without discordant cases."""
    # twice the smaller tail: at even odds both are alike (binomtest takes 4 ms to find that out)
    return min(1.0, 2 * float(special.bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
