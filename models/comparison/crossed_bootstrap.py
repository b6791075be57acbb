"""Bootstrap over seeds *and* test pairs: would the difference be there with new seeds and new
questions? (Owen 2007, "The pigeonhole bootstrap".) For metrics of retrieval see `queries/`.

Seeds and pairs are resampled independently of each other; a resample weighs the run of seed s on
pair p with the product of both counts. Accuracy, precision, recall, F1 and MCC follow from how many
pairs of either label, so weighed, were called rightly. To first order the ROC-AUC is a weighted
mean over pairs too: of each pair's placement (see `PairScores`) within either label. What that
leaves out is a hundredth of the standard error at 10,240 pairs, and it replaces a sort for each run
and resample by one matrix product.

A difference of two arms is then one of their means, resample by resample, so an arm is summed over
its seeds once, however many others it is compared with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.comparison.bca_bootstrap import times_drawn
from models.comparison.schema import Crossed, Interval
from models.comparison.scores import PairScores

RESAMPLES = 1_000
FEWEST_SEEDS = 6  # fewer say nothing about other seeds
MOST_TEST_PAIRS = 100_000  # more would delay the reply by seconds, and hardly reduce the noise
WEIGHTS_AT_ONCE = 2**21  # as float32, 8 MB
SEED = 2007

OF_PAIRS = (
    "test.accuracy",
    "test.roc_auc",
    "test.precision",
    "test.recall",
    "test.f1",
    "test.mcc",
)
"""Metrics that can be resampled from the scores of test pairs."""

Seeds = tuple[int, ...]
Wanted = tuple[str, Seeds]
"""A metric to resample, over these seeds of an arm, which ascend."""
Doubles = NDArray[np.float64]
Means = NDArray[np.float64]
"""A metric of runs under each resample of the test pairs, and last over the original pairs:
[runs, RESAMPLES + 1]."""
Resampled = NDArray[np.float64]
"""A value in each resample: [RESAMPLES]."""


class PairResamples:
    """The resamples of P test pairs with these labels, P >= 1; they depend on P alone."""

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

    def means(self, runs: Sequence[PairScores]) -> dict[str, Means]:
        """Each metric of `OF_PAIRS` of runs over these pairs.

        All but the accuracy are NaN where one label alone was drawn.
        """
        right = self._in_order([run.right for run in runs])
        placement = np.nan_to_num(self._in_order([run.placement for run in runs]))
        labels = slice(self._duplicates), slice(self._duplicates, None)
        rows = max(1, WEIGHTS_AT_ONCE // len(self._order))
        blocks = []
        for start in range(0, len(self.weights), rows):
            weights = self.weights[start : start + rows].astype(np.float32)
            parts = [weights[:, own] @ right[own] for own in labels]
            parts += [weights[:, own] @ placement[own] for own in labels]
            blocks.append(np.stack(parts))
        drawn = [self.weights[:, own].sum(axis=1, dtype=np.float64)[:, None] for own in labels]
        sums = np.concatenate(blocks, axis=1).astype(np.float64)
        return {name: value.T for name, value in _metrics_of(sums, *drawn).items()}

    def _in_order(self, columns: Sequence[NDArray[np.generic]]) -> NDArray[np.float32]:
        """One column for each run: [P, runs]."""
        return np.stack([column[self._order].astype(np.float32) for column in columns], axis=1)


def _metrics_of(sums: Doubles, duplicates: Doubles, others: Doubles) -> dict[str, Doubles]:
    """The metrics [W, runs] in each of W resamples, the last of which is the original.

    `sums` are, over the duplicates and over the other pairs, those called rightly, and then the
    placements: [4, W, runs]. `duplicates` and `others` were drawn so often: [W, 1].
    """
    positives, negatives, *placements = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        auc_of_duplicates, auc_of_others = placements[0] / duplicates, placements[1] / others
        both_drawn = np.where((duplicates > 0) & (others > 0), 1.0, np.nan)
        called = positives + others - negatives
        total = duplicates + others
        covariance = positives * total - called * duplicates
        spread = np.sqrt(called * (total - called) * duplicates * others)
        return {
            "test.accuracy": (positives + negatives) / total,
            # the mean placement of either label is the AUC, so the sum would count it twice
            "test.roc_auc": auc_of_duplicates + auc_of_others - auc_of_duplicates[-1:],
            "test.precision": both_drawn * _or_zero(positives / called),
            "test.recall": both_drawn * (positives / duplicates),
            "test.f1": both_drawn * (2 * positives / (called + duplicates)),
            "test.mcc": both_drawn * _or_zero(covariance / spread),
        }


def _or_zero(quotients: Doubles) -> Doubles:
    """The quotients, 0 where they are 0/0, as the metrics themselves are."""
    return np.nan_to_num(quotients, nan=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class ArmResamples:
    """One metric of an arm: its mean over N seeds in each resample."""

    seeds: int
    both: Resampled
    """Of the seeds and of the test pairs."""
    of_seeds: Resampled
    """Of the seeds alone."""
    of_test_pairs: Resampled
    """Of the test pairs alone."""


def arm_resamples(means: Means) -> ArmResamples:
    """From the means of the runs of N seeds, in ascending order: [N, RESAMPLES + 1]."""
    seeds = len(means)
    resampled, plain = means[:, :-1].T, means[:, -1]
    share = _seed_shares(seeds)
    return ArmResamples(
        seeds=seeds,
        both=(share * resampled).sum(axis=1),
        of_seeds=(share * plain).sum(axis=1),
        of_test_pairs=resampled.mean(axis=1),
    )


@lru_cache(maxsize=2)  # all arms share them; of 1,000 seeds 8 MB
def _seed_shares(seeds: int) -> NDArray[np.float64]:
    """The weight of each seed in each resample: [RESAMPLES, seeds]."""
    generator = np.random.default_rng(SEED + 1)  # not that of the pairs
    return generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds


def crossed_bootstrap(a: ArmResamples, b: ArmResamples, confidence: float) -> Crossed:
    """Percentile interval of the mean difference a - b over the same N >= 6 paired seeds.

    Without an interval when a resample of the pairs has no value.
    """
    assert a.seeds == b.seeds
    means = a.both - b.both
    if not np.isfinite(means).all():
        return no_crossed_bootstrap("too few test pairs: a resample of them holds one label only")
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Crossed(
        resamples=RESAMPLES,
        interval=Interval(confidence=confidence, low=float(low), high=float(high)),
        standard_error=float(means.std()),
        standard_error_seeds=float((a.of_seeds - b.of_seeds).std()),
        standard_error_test_pairs=float((a.of_test_pairs - b.of_test_pairs).std()),
        missing=None,
    )


def no_crossed_bootstrap(missing: str) -> Crossed:
    """The result without an interval, and why."""
    return Crossed(
        resamples=RESAMPLES,
        interval=None,
        standard_error=None,
        standard_error_seeds=None,
        standard_error_test_pairs=None,
        missing=missing,
    )
