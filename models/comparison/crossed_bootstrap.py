"""Bootstrap over seeds *and* test pairs: would the difference be there with new seeds and new
questions? (Owen 2007, "The pigeonhole bootstrap".) For metrics of retrieval see `queries/`, for
those of scores that people gave, and of triplets, `resampled/graded_values.py`.

Seeds and pairs are resampled independently of each other; a resample weighs the run of seed s on
pair p with the product of both counts. Accuracy, precision, recall, F1 and MCC follow from how many
pairs of either label, so weighed, were called rightly. To first order the ROC-AUC is a weighted
mean over pairs too: of each pair's placement (see `PairScores`) within either label. What that
leaves out is a hundredth of the standard error at 10,240 pairs, and it replaces a sort for each run
and resample by one matrix product.

A difference of two arms is then one of their means, resample by resample, so an arm is summed over
its seeds once, however many others it is compared with.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.comparison.resampled.drawing import RESAMPLES, SEED
from models.comparison.resampled.pair_sums import Means
from models.comparison.schema import Crossed, Interval

FEWEST_SEEDS = 6  # fewer say nothing about other seeds

Seeds = tuple[int, ...]
Wanted = tuple[str, Seeds]
"""A metric to resample, over these seeds of an arm, which ascend."""
Resampled = NDArray[np.float64]
"""A value in each resample: [RESAMPLES]."""


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
        return no_crossed_bootstrap(
            "too few test pairs: a resample of them holds one label only, or one score"
        )
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
