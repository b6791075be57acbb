"""P(A > B): the share of seeds under which a does better, which no outlier can move."""

from collections.abc import Sequence
from functools import lru_cache

from scipy import special

from models.comparison.schema import Interval, Superiority


def superiority(
    differences: Sequence[float], *, higher_is_better: bool, rounding: float, confidence: float
) -> Superiority | None:
    """(wins + ties / 2) / N with Clopper and Pearson's interval (1934); None without a pair.

    Differences are a - b; those within `rounding` of zero are ties. Half a win is not a count, so
    an odd number of ties takes the lower bound of one count and the upper bound of the next.
    """
    n = len(differences)
    if n == 0:
        return None
    towards_a = differences if higher_is_better else [-difference for difference in differences]
    wins = sum(difference > rounding for difference in towards_a)
    losses = sum(difference < -rounding for difference in towards_a)
    ties = n - wins - losses
    below, above = (_bounds(wins + half, n, confidence) for half in (ties // 2, (ties + 1) // 2))
    return Superiority(
        wins=wins,
        ties=ties,
        losses=losses,
        share=(wins + ties / 2) / n,
        interval=Interval(confidence=confidence, low=below[0], high=above[1]),
    )


@lru_cache(maxsize=1024)
def _bounds(count: int, n: int, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low = special.betaincinv(count, n - count + 1, tail) if count else 0.0
    high = special.betaincinv(count + 1, n - count, 1 - tail) if count < n else 1.0
    return float(low), float(high)
