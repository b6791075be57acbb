"""How a planned number of looks shares one error: alpha spending (Lan and DeMets 1983).

Testing after every new pair and stopping at the first `better` is wrong in 24 %
(`models.comparison.verdict`). Instead, each look of a plan spends a part of alpha, and all together
never more than alpha: after the share t of the largest number of pairs, alpha * t has been spent.

**Why this rate.** It is the power family of Kim and DeMets (1987) with exponent 1, which spends
early. O'Brien and Fleming's shape keeps nearly all of alpha for the end, and the exact sign-flip
test cannot use so little: N pairs give no p below 2/2^N, which at ten pairs is 0.002. A clear
difference would need seeds in vain, and the power at the last look is hardly better.

The boundary of each look comes from the joint law of the looks under no difference, and is used as
a *nominal level*: a look's t test, sign-flip test and TOST are done at the level that a normal
statistic would need there (the "significance level approach" of Jennison and Turnbull 2000 for t
tests). That tests of so few pairs keep alpha as well is simulated, not proved: see
`benchmarks/simulation_until_decided.py`. TOST is one-sided at each side of the margin, and crossing
one side at these levels spends a little less than alpha.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

POINTS = 501  # of the grid for the density at a look; odd, for Simpson's rule
FARTHEST = 39.0  # standard deviations; beyond, the normal tail is 0 as a double


def spent_by(pairs: Sequence[int], alpha: float) -> tuple[float, ...]:
    """The part of `alpha` that has been spent after each look; the last look spends the rest.

    `pairs` are the numbers of pairs at the looks, ascending.
    """
    return tuple(alpha * number / pairs[-1] for number in pairs)


def nominal_levels(pairs: Sequence[int], alpha: float) -> tuple[float, ...]:
    """The two-sided level of the look at each number of pairs, ascending; a single look has all of
    alpha."""
    from scipy.special import ndtr  # slow to import, and needed only where looks are planned

    shares = [number / pairs[-1] for number in pairs]
    limits = boundaries(shares, spent_by(pairs, alpha))
    return tuple(2 * float(ndtr(-boundary)) for boundary in limits)


def boundaries(shares: Sequence[float], spent: Sequence[float]) -> tuple[float, ...]:
    """The |z| at each look that spends exactly the planned part of alpha.

    `shares` of the whole information ascend to 1; `spent` are the probabilities, under no
    difference, of having crossed at or before each look. Numerical integration over the sums that
    have not crossed yet (Armitage, McPherson and Rowe 1969).
    """
    limits: list[float] = []
    at, mass = np.zeros(1), np.ones(1)  # possible sums, and their probabilities
    for (before, share), (gone, total) in zip(
        pairwise((0.0, *shares)), pairwise((0.0, *spent)), strict=True
    ):
        spread = math.sqrt(share - before)
        limit = _limit(at, mass, spread, total - gone, FARTHEST * math.sqrt(share))
        limits.append(limit / math.sqrt(share))
        at, mass = _not_crossed(at, mass, spread, limit)
    return tuple(limits)


def _limit(at: np.ndarray, mass: np.ndarray, spread: float, wanted: float, most: float) -> float:
    """The |sum| that is exceeded with the probability `wanted`, starting from the sums `at`."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(limit: float) -> float:
        beyond = ndtr((at - limit) / spread) + ndtr(-(at + limit) / spread)
        return float(mass @ beyond) - wanted

    return float(brentq(excess, 0.0, most, xtol=1e-12))


def _not_crossed(
    at: np.ndarray, mass: np.ndarray, spread: float, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """The sums within +-limit after a normal increment: Simpson's nodes, and density x weight."""
    nodes = np.linspace(-limit, limit, POINTS)
    weights = np.full(POINTS, 2.0)
    weights[1::2], weights[[0, -1]] = 4.0, 1.0
    weights *= (nodes[1] - nodes[0]) / 3
    steps = (nodes[:, np.newaxis] - at) / spread
    density = np.exp(-0.5 * steps**2) @ mass / (spread * math.sqrt(2 * math.pi))
    return nodes, weights * density
