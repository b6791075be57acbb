"""Bootstrap over seeds *and* test pairs: would the difference be there with new seeds and new
questions? (Owen 2007, "The pigeonhole bootstrap".)

Seeds and pairs are resampled independently of each other; a resample weighs the run of seed s on
pair p with the product of both counts. Accuracy is a weighted mean over pairs. To first order,
so is the ROC-AUC: a mean of each pair's placement (see `PairScores`) within either label. What that
leaves out is a hundredth of the standard error at 10,240 pairs, and it replaces a sort for each run
and resample by one matrix product.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from models.comparison.schema import Crossed, Interval
from models.comparison.scores import PairScores

RESAMPLES = 1_000
FEWEST_SEEDS = 6  # fewer say nothing about other seeds
MOST_TEST_PAIRS = 100_000  # more would delay the reply by seconds, and hardly reduce the noise
AT_ONCE = 200  # resamples whose weights are in memory together
SEED = 2007

Means = NDArray[np.float64]
"""A metric of runs under each resample of the test pairs, and last over the original pairs:
[runs, RESAMPLES + 1]."""


def resampled_means(runs: Sequence[PairScores]) -> dict[str, Means]:
    """`test.accuracy` and `test.roc_auc` of runs over the same P test pairs, P >= 1.

    Deterministic: the resamples depend on P alone. An AUC is NaN where one label alone was drawn.
    """
    label = runs[0].label.astype(np.float32)
    right = np.stack([run.right for run in runs]).astype(np.float32)
    placement = np.nan_to_num(np.stack([run.placement for run in runs])).astype(np.float32)
    # in one pass over the resamples: right, placement of the duplicates, of the others
    values = np.concatenate([right, placement * label, placement * (1 - label)]).T
    sizes = np.stack([np.ones_like(label), label, 1 - label], axis=1)
    blocks = []
    for weights in _weights(len(label)):
        sums = (weights @ values).astype(np.float64).reshape(len(weights), 3, len(runs))
        with np.errstate(invalid="ignore"):
            blocks.append(sums / (weights @ sizes)[:, :, None])
    accuracy, duplicates, others = np.concatenate(blocks).transpose(1, 2, 0)
    # the mean placement of either label is the AUC, so the sum would count it twice
    return {"test.accuracy": accuracy, "test.roc_auc": duplicates + others - duplicates[:, -1:]}


def crossed_bootstrap(a: Means, b: Means, confidence: float) -> Crossed:
    """Percentile interval of the mean difference a - b over N >= 6 paired seeds, from the
    `resampled_means` of their runs in the same order: both [N, RESAMPLES + 1].

    Without an interval when a resample of the pairs has no value.
    """
    seeds = len(a)
    differences = a - b
    if not np.isfinite(differences).all():
        return no_crossed_bootstrap("too few test pairs: a resample of them holds one label only")
    resampled, plain = differences[:, :-1].T, differences[:, -1]
    generator = np.random.default_rng(SEED + 1)  # not that of the pairs
    share = generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES) / seeds
    means = (share * resampled).sum(axis=1)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Crossed(
        resamples=RESAMPLES,
        interval=Interval(confidence=confidence, low=float(low), high=float(high)),
        standard_error=float(means.std()),
        standard_error_seeds=float((share @ plain).std()),
        standard_error_test_pairs=float(resampled.mean(axis=1).std()),
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


def _weights(count: int) -> Iterator[NDArray[np.float32]]:
    """How often each of `count` pairs is in each resample: blocks of rows, then a row of ones."""
    generator = np.random.default_rng(SEED)
    for start in range(0, RESAMPLES, AT_ONCE):
        rows = min(AT_ONCE, RESAMPLES - start)
        drawn = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        yield times.astype(np.float32)
    yield np.ones((1, count), dtype=np.float32)
