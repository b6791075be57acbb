"""Metrics of scores that people gave, and of triplets, under each resample of a run's test pairs.

For a correlation pairs are drawn, as for the accuracy. Spearman's is that of the ranks *within the
resample*: to keep the ranks of the original pairs would leave out a part of its variance that does
not vanish as there are more pairs. For the accuracy of triplets, triplets are drawn: the pairs of
one stand or fall together.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.comparison.resampled.drawing import RESAMPLES, SEED, times_drawn
from models.comparison.scores import PairScores

MOST_GRADED = 2**15
"""Test pairs; to rank more of them a thousand times would take seconds for each run."""

OF_GRADES = ("test.spearman", "test.pearson", "test.triplet_accuracy")

Doubles = NDArray[np.float64]


def graded_values(run: PairScores) -> dict[str, Doubles]:
    """Each of these metrics that the run's pairs have, under each resample, and last of the pairs
    themselves: [RESAMPLES + 1].

    A correlation is NaN where a resample holds one score of people only. There are none of more
    than `MOST_GRADED` pairs.
    """
    if len(run.row) > MOST_GRADED:
        return {}
    differ = run.grade is not None and (run.grade != run.grade[0]).any()
    found = _correlations(run.score, run.grade) if run.grade is not None and differ else {}
    if run.triplet is not None:
        found |= _triplets(run.score, run.label, run.triplet)
    return found


def _correlations(score: NDArray[np.float32], grade: NDArray[np.float32]) -> dict[str, Doubles]:
    x, y = (
        values.astype(np.float64) - values.astype(np.float64).mean() for values in (score, grade)
    )
    ranks = _Ranks(score), _Ranks(grade)
    spearman, pearson = [], []
    for times in _drawn(len(score)):
        pearson.append(_pearson(times, x, y))
        spearman.append(_pearson(times, *(one.under(times) for one in ranks)))
    return {
        "test.spearman": np.concatenate(spearman),
        "test.pearson": np.concatenate(pearson),
    }


def _pearson(times: Doubles, x: Doubles, y: Doubles) -> Doubles:
    """Pearson's correlation in each resample, given how often each pair is in it: (R,).

    Of each side the values are (P,), or (R, P) where they depend on the resample; both are centred,
    or nearly so, for the sake of precision. As in the metric itself, a run whose similarities are
    all alike correlates with nothing.
    """
    total = times.sum(axis=1)

    def mean(values: Doubles) -> Doubles:
        sums = times @ values if values.ndim == 1 else np.einsum("rp,rp->r", times, values)
        of_each: Doubles = sums / total
        return of_each

    across = mean(x * y) - mean(x) * mean(y)
    spread_x, spread_y = (mean(one * one) - mean(one) ** 2 for one in (x, y))
    tiny = 1e-12  # rounding: the spreads are of values of about the same size
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.clip(across / np.sqrt(spread_x * spread_y), -1.0, 1.0)
    value[spread_x <= tiny * np.abs(x).max() ** 2] = 0.0
    value[spread_y <= tiny * np.abs(y).max() ** 2] = np.nan
    return value


class _Ranks:
    """Values (P,) that are ranked within resamples, equal ones with the mean of their ranks."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self._order = np.argsort(values, kind="stable")
        ascending = values[self._order]
        edges = np.concatenate([[True], ascending[1:] != ascending[:-1], [True]])
        self._edges = np.flatnonzero(edges)
        self._lengths = np.diff(self._edges)

    def under(self, times: Doubles) -> Doubles:
        """The rank of every value in each resample, from their middle: (R, P)."""
        before = np.zeros((len(times), len(self._order) + 1))
        np.cumsum(times[:, self._order], axis=1, out=before[:, 1:])
        at = before[:, self._edges]
        middle = (at[:, :-1] + at[:, 1:] - before[:, -1:]) / 2
        ranks = np.empty_like(times)
        ranks[:, self._order] = np.repeat(middle, self._lengths, axis=1)
        return ranks


def _triplets(
    score: NDArray[np.float32], label: NDArray[np.bool_], triplet: NDArray[np.int32]
) -> dict[str, Doubles]:
    right = triplets_right(score, label, triplet)
    if not len(right):
        return {}
    values = [times @ right / len(right) for times in _drawn(len(right))]
    return {"test.triplet_accuracy": np.concatenate(values)}


def triplets_right(
    score: NDArray[np.float32], label: NDArray[np.bool_], triplet: NDArray[np.int32]
) -> Doubles:
    """1 for each triplet whose positive is more similar than all of its negatives, else 0: (T,).
    Only those are there of which a positive and a negative are."""
    _, place = np.unique(triplet, return_inverse=True)
    positive, negative = np.full((2, place.max(initial=-1) + 1), -np.inf)
    positive[place[label]] = score[label]
    np.maximum.at(negative, place[~label], score[~label])
    whole = np.isfinite(positive) & np.isfinite(negative)
    right: Doubles = (positive > negative)[whole].astype(np.float64)
    return right


def _drawn(count: int) -> Iterator[Doubles]:
    """How often each of `count` things is in each resample, some resamples at a time, and last once
    each."""
    for times in times_drawn(count, RESAMPLES, SEED):
        yield times.astype(np.float64)
    yield np.ones((1, count))
