"""Mean, sd, t interval, t test and TOST of paired differences, for values of any magnitude.

scipy takes a quarter of a second to import, which a process that only starts must not wait for, so
it is imported where a tail of the t distribution is computed.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from operator import sub
from typing import NamedTuple

from models.comparison.schema import Bounds, Pair, Statistic

ROUNDING = 1e-13  # relative error allowed to a float difference: far below 1/10,240


class PairedValues(NamedTuple):
    """A `Pair` while statistics are computed: a list makes a hundred thousand of them, and a model
    of pydantic costs several times as much."""

    seed: int
    a: float
    b: float
    difference: float


AnyPair = Pair | PairedValues


def paired(a: Mapping[int, float], b: Mapping[int, float]) -> tuple[PairedValues, ...]:
    """The pairs of the seeds in both mappings, ascending."""
    seeds = sorted(a.keys() & b.keys())
    of_a, of_b = ([float(side[seed]) for seed in seeds] for side in (a, b))
    # a call of the class is one of Python for each, and takes most of the time of a list
    new = partial(tuple.__new__, PairedValues)
    return tuple(map(new, zip(seeds, of_a, of_b, map(sub, of_a, of_b), strict=True)))


def rounding_of(pairs: Sequence[AnyPair]) -> float:
    """How far apart two differences may be by rounding alone, in the metric's unit."""
    if not pairs:
        return 0.0
    return ROUNDING * max(*(max(map(abs, side)) for side in sides_of(pairs)))


def sides_of(pairs: Sequence[AnyPair]) -> tuple[list[float], list[float]]:
    """The values of either arm."""
    return [pair.a for pair in pairs], [pair.b for pair in pairs]


def mean_and_sd(values: Sequence[float], rounding: float = 0.0) -> tuple[Statistic, Statistic]:
    """Mean and sample sd (n - 1), for values of any magnitude. A spread within rounding counts as
    0: 0.3 - 0.2 and 0.2 - 0.1 differ in their last bits only because floats are binary."""
    if not values:
        return None, None
    low, high = min(values), max(values)
    mean = min(max(math.fsum(values) / len(values), low), high)  # the division may round past them
    if len(values) < 2:
        return mean, None
    if high - low <= rounding:
        return mean, 0.0
    return mean, math.hypot(*[value - mean for value in values]) / math.sqrt(len(values) - 1)


def t_bounds(mean: Statistic, sd: Statistic, n: int, confidence: float) -> Bounds | None:
    """mean +- t((1 + confidence) / 2, n - 1) sd / sqrt(n), by the lower tail, which cannot round to
    1; a point when all differences agree."""
    if mean is None or sd is None:
        return None
    half = -t_quantile((1 - confidence) / 2, n - 1) * sd / math.sqrt(n)
    return mean - half, mean + half


def t_p(mean: Statistic, sd: Statistic, n: int, rounding: float) -> Statistic:
    """Two-sided p of the paired t test. Without spread the mean is known: 1 at zero, else 0."""
    if mean is None or sd is None:
        return None
    if sd == 0:
        return 1.0 if abs(mean) <= rounding else 0.0
    return 2 * _lower_tail(-abs(mean) * math.sqrt(n) / sd, n - 1)


def tost_p(
    mean: Statistic,
    sd: Statistic,
    n: int,
    margin: float | None,
    rounding: float,
    strictness: tuple[float, float] = (1.0, 1.0),
) -> Statistic:
    """The larger one-sided p of t = (margin -+ mean) / (sd / sqrt n), n - 1 degrees (Schuirmann
    1987), each times its `strictness`. Without spread the mean is known: 0 inside the margin, 1 on
    it or beyond."""
    if mean is None or sd is None or margin is None:
        return None
    if sd == 0:
        return 0.0 if margin - abs(mean) > rounding else 1.0
    rooms = zip((margin - mean, margin + mean), strictness, strict=True)
    ps = [strict * _lower_tail(-room * math.sqrt(n) / sd, n - 1) for room, strict in rooms]
    return min(1.0, max(ps))


def t_quantile(p: float, degrees: int) -> float:
    """The t below which a share `p` of Student's distribution lies."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))


def _lower_tail(t: float, degrees: int) -> float:
    """The share of Student's distribution below `t`."""
    from scipy.special import stdtr

    return float(stdtr(degrees, t))
