"""Metrics of data that say more of a pair than its label: scores that people gave, and triplets.

The correlations are those by which the STS benchmarks are judged; Spearman's is Pearson's of the
ranks, equal values sharing the mean of theirs. A network that gives every pair the same similarity
correlates with nothing: 0, so that its run stays in the comparison as the bad run that it is.
`tests/unit/training/test_graded.py` compares both with scipy's, whose import costs every process
that trains a second.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Grades(NamedTuple):
    """What is known of P pairs beside their labels; None where the data do not say."""

    scores: Floats | None = None
    """(P,): how similar people found the two texts."""
    triplets: npt.NDArray[np.int32] | None = None
    """(P,): the number of the triplet that a pair is of."""


def correlations(similarities: Floats, scores: Floats) -> tuple[float, float] | None:
    """Spearman's and Pearson's correlation of similarities (P,) and scores (P,).

    None where the scores do not differ: then nothing can correlate with them.
    """
    if len(scores) < 2 or (scores == scores[0]).all():
        return None
    return _pearson(_ranks(similarities), _ranks(scores)), _pearson(
        similarities.astype(np.float64), scores.astype(np.float64)
    )


def _pearson(first: Doubles, second: Doubles) -> float:
    first, second = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((first @ first) * (second @ second)))
    return float(np.clip(float(first @ second) / spread, -1.0, 1.0)) if spread > 0 else 0.0


def _ranks(values: Floats) -> Doubles:
    """Ranks from 1; equal values have the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean: Doubles = last - (counts - 1) / 2
    return mean[place]


def triplet_accuracy(
    similarities: Floats, labels: npt.NDArray[np.int8], triplets: npt.NDArray[np.int32]
) -> float | None:
    """The share of triplets whose positive is more similar to the anchor than every negative.

    All three are (P,): each pair's similarity, label and triplet. A triplet counts where its
    positive and at least one negative are among the pairs; a tie is not right. None where none
    counts.
    """
    if not len(triplets):
        return None
    _, place = np.unique(triplets, return_inverse=True)
    count = int(place.max()) + 1
    positive = np.full(count, -np.inf, dtype=np.float32)
    negative = np.full(count, -np.inf, dtype=np.float32)
    duplicate = labels == 1
    positive[place[duplicate]] = similarities[duplicate]
    np.maximum.at(negative, place[~duplicate], similarities[~duplicate])
    whole = np.isfinite(positive) & np.isfinite(negative)
    return float((positive[whole] > negative[whole]).mean()) if whole.any() else None
