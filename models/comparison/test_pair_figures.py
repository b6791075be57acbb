"""What the scores of the test pairs add to a comparison: crossed bootstrap and McNemar.

Scores of a run that has succeeded never change, so what is computed of a set of runs is kept: a
document that is asked for again costs no second resampling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.comparison.crossed_bootstrap import (
    FEWEST_SEEDS,
    MOST_TEST_PAIRS,
    Means,
    crossed_bootstrap,
    no_crossed_bootstrap,
    resampled_means,
)
from models.comparison.mcnemar import mcnemar
from models.comparison.schema import Crossed, McNemar
from models.comparison.scores import FILE, read_scores

RESAMPLED = ("test.accuracy", "test.roc_auc")


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One run on the test pairs that all runs of the set share."""

    right: NDArray[np.bool_]
    means: Mapping[str, Means] | None
    """Metric -> figure under each resample; None when there are too many test pairs for that."""


BySeed = Mapping[int, Judged]


def judged_pairs(called: Mapping[Path, float | None]) -> Mapping[Path, Judged]:
    """From each run's folder and the share of the test pairs that it called duplicates.

    Left out is a run whose scores are away, or of other test pairs than those of the first.
    """
    there = [
        (folder, share)
        for folder, share in called.items()
        if share is not None and (folder / FILE).exists()
    ]
    return _judged(tuple(sorted(there)))


@lru_cache(maxsize=8)
def _judged(runs: tuple[tuple[Path, float], ...]) -> dict[Path, Judged]:
    read = {folder: read_scores(folder, called) for folder, called in runs}
    scores = {folder: one for folder, one in read.items() if one is not None}
    if not scores:
        return {}
    first = next(iter(scores.values()))
    scores = {folder: one for folder, one in scores.items() if one.same_pairs(first)}
    if len(first.row) > MOST_TEST_PAIRS:
        return {folder: Judged(one.right, None) for folder, one in scores.items()}
    means = resampled_means(list(scores.values()))
    return {
        folder: Judged(one.right, {name: means[name][index] for name in means})
        for index, (folder, one) in enumerate(scores.items())
    }


def crossed(
    metric: str, seeds: Sequence[int], a: BySeed, b: BySeed, confidence: float
) -> Crossed | None:
    """The crossed bootstrap over the paired `seeds`; None for a metric that it does not exist for,
    and without figures where there are too few seeds, or not all their scores."""
    if metric not in RESAMPLED:
        return None
    if len(seeds) < FEWEST_SEEDS:
        return no_crossed_bootstrap(f"fewer than {FEWEST_SEEDS} seeds say too little of others")
    if not all(seed in side for side in (a, b) for seed in seeds):
        return no_crossed_bootstrap(
            "the scores of the test pairs are not all in this service's data folder"
        )
    means = [[side[seed].means for seed in seeds] for side in (a, b)]
    if any(one is None for side in means for one in side):
        return no_crossed_bootstrap(f"there are more than {MOST_TEST_PAIRS:,} test pairs")
    of_a, of_b = (np.stack([one[metric] for one in side if one is not None]) for side in means)
    return crossed_bootstrap(of_a, of_b, confidence)


def mcnemar_by_seed(seeds: Sequence[int], a: BySeed, b: BySeed) -> McNemar:
    """Of each paired seed whose two runs' scores are there."""
    both = [seed for seed in seeds if seed in a and seed in b]
    return McNemar(seeds=tuple(mcnemar(seed, a[seed].right, b[seed].right) for seed in both))
