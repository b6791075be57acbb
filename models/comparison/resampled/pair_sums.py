"""What comparisons need of a run's test pairs: which it got right, and sums over each resample.

The resamples follow from the number of test pairs, so all this follows from the run alone, and is
worked out once (`stored_sums.py`). **All sums of labels are of whole numbers**, so that they are
the same in whatever order a machine adds them, and beside whatever other runs: a placement is a
share of the M pairs with the other label, ties half, and is counted in units of 1/2M. Metrics of
what people said beside the label are in `graded_values.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.comparison.resampled.drawing import RESAMPLES, SEED, times_drawn
from models.comparison.resampled.graded_values import graded_values
from models.comparison.scores import PairScores

MOST_TEST_PAIRS = 100_000  # more would take seconds, and hardly reduce the noise
WEIGHTS_AT_ONCE = 2**20  # in double precision, 8 MB

OF_PAIRS = (
    "test.accuracy",
    "test.roc_auc",
    "test.precision",
    "test.recall",
    "test.f1",
    "test.mcc",
)
"""Metrics that can be resampled from the scores of test pairs."""

Doubles = NDArray[np.float64]
Means = NDArray[np.float64]
"""A metric of runs under each resample of the test pairs, and last over the original pairs:
[runs, RESAMPLES + 1]."""
PackedRights = NDArray[np.uint64]
"""Which of P test pairs each of N networks got right, 64 a word: (N, words)."""


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """One run on its P test pairs."""

    digest: bytes
    """The same for two runs whose test pairs are the same, in the same order."""
    test_pairs: int
    right: NDArray[np.uint64]
    """Which pairs it got right: a row of `PackedRights`."""
    sums: NDArray[np.int64] | None
    """In each resample, and last over the original pairs: how many duplicates were drawn, how many
    duplicates and how many others it called rightly, and the placements of both, in units of 1/2M:
    [5, RESAMPLES + 1]. None where there are more than `MOST_TEST_PAIRS`."""
    graded: Mapping[str, Doubles] = field(default_factory=dict)
    """Those metrics of `OF_GRADES` that its pairs have, each as `graded_values` has it."""


def packed_rights(rights: NDArray[np.bool_]) -> PackedRights:
    """From (N, P); the last word is filled up with pairs that no network got right."""
    octets = np.packbits(rights, axis=1)
    words = np.zeros((len(rights), -(-octets.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : octets.shape[1]] = octets
    return words.view(np.uint64)


class PairResamples:
    """The resamples of P test pairs with these labels, P from 1 to `MOST_TEST_PAIRS`."""

    def __init__(self, label: NDArray[np.bool_]) -> None:
        # duplicates first, so that either label is a slice
        self._order = np.argsort(~label, kind="stable")
        self._duplicates = int(np.count_nonzero(label))
        self.weights = np.ones((RESAMPLES + 1, len(label)), dtype=np.uint8)
        start = 0
        for times in times_drawn(len(label), RESAMPLES, SEED):
            self.weights[start : start + len(times)] = times[:, self._order]
            start += len(times)
        """How often each pair, in that order, is in each resample, and last a row of ones:
        [RESAMPLES + 1, P]."""

    def sums(self, runs: Sequence[PairScores]) -> list[NDArray[np.int64]]:
        """The `PairSums.sums` of runs over these pairs."""
        labels = slice(self._duplicates), slice(self._duplicates, None)
        right = self._in_order([run.right for run in runs])
        steps = np.nan_to_num(self._in_order([run.placement for run in runs]))
        total = len(self._order)
        for own, other in zip(labels, (total - self._duplicates, self._duplicates), strict=True):
            steps[own] = np.rint(steps[own] * (2 * other))
        rows = max(1, WEIGHTS_AT_ONCE // total)
        sums = np.empty((len(runs), 5, len(self.weights)), dtype=np.int64)
        for start in range(0, len(self.weights), rows):
            block = slice(start, start + rows)
            weights = self.weights[block].astype(np.float64)
            sums[:, 0, block] = weights[:, labels[0]].sum(axis=1)
            for place, column in enumerate((right, steps)):
                for number, own in enumerate(labels):
                    sums[:, 1 + 2 * place + number, block] = (weights[:, own] @ column[own]).T
        return list(sums)

    def means(self, runs: Sequence[PairScores]) -> dict[str, Means]:
        """Each metric of `OF_PAIRS` of runs over these pairs, as `means_of` has it."""
        return means_of(self.sums(runs), len(self._order))

    def _in_order(self, columns: Sequence[NDArray[np.generic]]) -> Doubles:
        """One column for each run: [P, runs]."""
        return np.stack([column[self._order].astype(np.float64) for column in columns], axis=1)


@lru_cache(maxsize=1)
def resamples_of(label: bytes) -> PairResamples:
    """The resamples of pairs with these labels, one a byte: drawn once for the runs of a process
    that share them."""
    return PairResamples(np.frombuffer(label, dtype=np.bool_))


def pair_sums(runs: Sequence[PairScores], resamples: PairResamples | None) -> list[PairSums]:
    """The sums of runs over the same test pairs; without `resamples` where these are too many."""
    sums: list[NDArray[np.int64] | None] = [None] * len(runs)
    if resamples is not None:
        sums = [*resamples.sums(runs)]
    rights = packed_rights(np.stack([run.right for run in runs]))
    return [
        PairSums(run.pairs_digest(), len(run.row), right, own, graded_values(run))
        for run, right, own in zip(runs, rights, sums, strict=True)
    ]


def means_of(runs: Sequence[NDArray[np.int64]], test_pairs: int) -> dict[str, Means]:
    """Each metric of `OF_PAIRS` from the `PairSums.sums` of runs.

    All but the accuracy are NaN where one label alone was drawn.
    """
    columns = np.stack(runs, axis=1).astype(np.float64)
    duplicates, positives, negatives, *steps = columns
    others = test_pairs - duplicates
    with np.errstate(invalid="ignore", divide="ignore"):
        # of the pairs themselves, the other label is what a placement is a share of
        auc_of_duplicates = steps[0] / (2 * others[:, -1:]) / duplicates
        auc_of_others = steps[1] / (2 * duplicates[:, -1:]) / others
        both_drawn = np.where((duplicates > 0) & (others > 0), 1.0, np.nan)
        called = positives + others - negatives
        covariance = positives * test_pairs - called * duplicates
        spread = np.sqrt(called * (test_pairs - called) * duplicates * others)
        return {
            "test.accuracy": (positives + negatives) / test_pairs,
            # the mean placement of either label is the AUC, so the sum would count it twice
            "test.roc_auc": auc_of_duplicates + auc_of_others - auc_of_duplicates[:, -1:],
            "test.precision": both_drawn * _or_zero(positives / called),
            "test.recall": both_drawn * (positives / duplicates),
            "test.f1": both_drawn * (2 * positives / (called + duplicates)),
            "test.mcc": both_drawn * _or_zero(covariance / spread),
        }


def _or_zero(quotients: Doubles) -> Doubles:
    """The quotients, 0 where they are 0/0, as the metrics themselves are."""
    return np.nan_to_num(quotients, nan=0.0)
