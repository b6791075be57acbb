"""How good the best is of so many settings: the expected maximum, and how far luck may move it.

Dodge et al. 2019 ("Show Your Work") ask for it beside any best result, since the best of more
settings is better. They draw settings with replacement, which makes the mean too low for all but a
single one (Tang et al. 2020, "Showing Your Work Doesn't Always Work"); their unbiased estimator is
used here: of the N means that were found, the average over every choice of n of the best among
them. With the means in ascending order, the i-th is the best in C(i - 1, n - 1) of the C(N, n)
choices. The same counts give the middle 95 % of these bests, exactly and without a bootstrap, whose
intervals they show to be too short. The settings are a given list; no claim is made of others.
"""

import math
from collections.abc import Iterator, Sequence

from models.tuning.schema import ExpectedBest

MIDDLE = 0.95  # of the choices


def expected_best(means: Sequence[float]) -> tuple[ExpectedBest, ...]:
    """For n = 1 to N of these N means, in ascending n."""
    ascending = sorted(means)
    return tuple(_best_of(ascending, tried) for tried in range(1, len(ascending) + 1))


def _best_of(ascending: Sequence[float], tried: int) -> ExpectedBest:
    shares = list(_shares(len(ascending), tried))
    mean = math.fsum(share * value for share, value in zip(shares, ascending, strict=True))
    return ExpectedBest(
        settings=tried,
        # the rounding of the sum may carry it past the best of all
        mean=min(max(mean, ascending[0]), ascending[-1]),
        low=_quantile(ascending, shares, (1 - MIDDLE) / 2),
        high=_quantile(ascending, shares, (1 + MIDDLE) / 2),
    )


def _shares(count: int, tried: int) -> Iterator[float]:
    """In which share of the choices of `tried` out of `count` each value is the best, ascending."""
    choices = math.comb(count, tried)
    for index in range(count):
        yield math.comb(index, tried - 1) / choices


def _quantile(ascending: Sequence[float], shares: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the bests do not exceed."""
    below = 0.0
    for value, own in zip(ascending, shares, strict=True):
        below += own
        if below >= share - 1e-12:
            return value
    return ascending[-1]
