"""Power: what these seeds could find, and how many would be enough, at the spread seen so far.

The power of the t test and that of TOST are one integral: given the sample's sd s, the mean is
normal, and s follows a chi distribution. It is computed by quadrature, since the noncentral t of
scipy, and with it `TTestPower` of statsmodels, is NaN for many large effects (from 3.5 standard
errors on); elsewhere the two agree to 1e-5.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from models.comparison.rule import FEWEST_PAIRS, fewest_pairs
from models.comparison.schema import Power

POWER = 0.8
MOST_PAIRS = 100_000
EFFECT_STEPS = 2**40  # between no effect and one that is large enough
FEWEST_FOR_SD = 3  # an sd of two differences says nothing
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def power_analysis(sd: float | None, n: int, margin: float | None, alpha: float) -> Power | None:
    """What is possible with 80 % power, for differences with this sd over n pairs, at level alpha.

    None with fewer than three pairs or no spread. The numbers of seeds are never below what a
    verdict needs, and the detectable difference is None where no verdict is possible yet.
    """
    if n < FEWEST_FOR_SD or not sd:
        return None
    least = fewest_pairs(alpha)
    detectable = needed = same = None
    if n >= least:
        detectable = sd * detectable_effect(n, alpha)
    if margin is not None:
        needed = pairs_to_detect(margin / sd, alpha)
        same = pairs_for_equivalence(margin / sd, alpha)
    return Power(
        power=POWER,
        detectable_difference=detectable,
        seeds_for_margin=needed and max(needed, least),
        seeds_for_equivalence=same and max(same, FEWEST_PAIRS),
    )


@lru_cache(maxsize=1024)
def detectable_effect(n: int, alpha: float) -> float:
    """The mean, in sds, that the two-sided paired t test of n pairs finds with 80 % power."""
    enough = 1.0
    while t_power(enough, n, alpha) < POWER:
        enough *= 2
    # by bisection: to import scipy.optimize takes longer than thousands of these
    steps = range(EFFECT_STEPS + 1)
    found = bisect_left(steps, POWER, key=lambda k: t_power(enough * k / EFFECT_STEPS, n, alpha))
    return enough * found / EFFECT_STEPS


@lru_cache(maxsize=1024)
def pairs_to_detect(effect: float, alpha: float) -> int | None:
    """The fewest pairs with which the paired t test finds a mean of `effect` sds; None beyond
    100,000."""
    normal = -special.ndtri([alpha / 2, 1 - POWER]).sum()
    return _fewest(lambda n: t_power(effect, n, alpha), near=_near(normal, effect))


@lru_cache(maxsize=1024)
def pairs_for_equivalence(effect: float, alpha: float) -> int | None:
    """The fewest pairs with which TOST against a margin of `effect` sds says `equivalent` in 80 %
    when the true difference is zero; None beyond 100,000."""
    normal = -special.ndtri([alpha, (1 - POWER) / 2]).sum()
    return _fewest(lambda n: tost_power(effect, n, alpha), near=_near(normal, effect))


def t_power(effect: float, n: int, alpha: float) -> float:
    """Power of the two-sided paired t test at level alpha for a mean of `effect` sds, n pairs."""
    shift, quantile = effect * math.sqrt(n), -special.stdtrit(n - 1, alpha / 2)
    s = _sample_sds(n)
    claimed = special.ndtr(shift - quantile * s) + special.ndtr(-shift - quantile * s)
    return float(WEIGHTS @ claimed / 2)


def tost_power(effect: float, n: int, alpha: float) -> float:
    """Power of TOST with a margin of `effect` sds at a true difference of zero, n pairs.

    Given s, the mean lies inside margin - t s / sqrt(n) with chance 2 Phi(.) - 1, or never.
    """
    quantile = -special.stdtrit(n - 1, alpha)
    room = np.maximum(effect * math.sqrt(n) - quantile * _sample_sds(n), 0)
    return float(WEIGHTS @ (2 * special.ndtr(room) - 1) / 2)


@lru_cache(maxsize=1024)
def _sample_sds(n: int) -> NDArray[np.float64]:
    """The sd of n normal values, in true sds, at the nodes' quantiles: shape [200]."""
    upper = (1 - NODES) / 2
    return np.asarray(np.sqrt(special.chdtri(n - 1, upper) / (n - 1)))


def _near(normal: float, effect: float) -> float:
    """About how many pairs give the mean of normal values so many of its standard errors."""
    return min(normal / max(effect, 1e-9), math.sqrt(MOST_PAIRS)) ** 2


def _fewest(power: Callable[[int], float], near: float) -> int | None:
    """The smallest n >= 2 with enough power, which grows with n: in steps that double, from what a
    known sd would need (`near`), then by bisection."""
    low, high = 1, MOST_PAIRS  # too few pairs at low (1 is below every n tried); enough at high
    if power(high) < POWER:
        return None
    middle, step = min(max(int(near) + 1, 2), MOST_PAIRS - 1), 1
    while high - low > 1:
        if power(middle) >= POWER:
            high, next_step = middle, -step
        else:
            low, next_step = middle, step
        middle, step = middle + next_step, 2 * step
        if not low < middle < high:
            middle = (low + high) // 2
    return high
