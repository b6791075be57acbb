"""What the runs themselves add to a comparison of their metric: collapse, and the test pairs.

The scores of the test pairs give the crossed bootstrap and McNemar's test. Scores of a run that has
succeeded never change, so the result for a set of runs is cached: a document that is requested
again costs no second resampling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted
from models.comparison.collapse import collapse
from models.comparison.crossed_bootstrap import (
    FEWEST_SEEDS,
    MOST_TEST_PAIRS,
    Means,
    crossed_bootstrap,
    no_crossed_bootstrap,
    resampled_means,
)
from models.comparison.inputs import ArmPair, ArmRuns
from models.comparison.mcnemar import mcnemar
from models.comparison.schema import Comparison, Crossed, McNemar
from models.comparison.scores import FILE, read_scores

RESAMPLED = ("test.accuracy", "test.roc_auc")


@dataclass(frozen=True, slots=True, eq=False)
class ScoredRun:
    """One run on the test pairs that all runs of the set share."""

    right: NDArray[np.bool_]
    means: Mapping[str, Means] | None
    """Metric -> value under each resample; None when there are too many test pairs for that."""


ScoredRunsBySeed = Mapping[int, ScoredRun]


def with_run_statistics(
    comparisons: Sequence[Comparison], arms: Sequence[ArmPair], confidence: float
) -> list[Comparison]:
    """Each comparison with what the runs of its two arms add; `arms` in the same order."""
    called = {
        folder: arm.metrics[seed].get("test.predicted_positive")
        for pair in arms
        for arm in pair
        for seed, folder in arm.folders.items()
    }
    scored = scored_runs(called)
    return [
        comparison.model_copy(update=_run_statistics(comparison, a, b, scored, confidence))
        for comparison, (a, b) in while_wanted(zip(comparisons, arms, strict=True))
    ]


def _run_statistics(
    comparison: Comparison,
    a: ArmRuns,
    b: ArmRuns,
    scored: Mapping[Path, ScoredRun],
    confidence: float,
) -> dict[str, object]:
    metric, seeds = comparison.metric, [pair.seed for pair in comparison.pairs]
    of_a, of_b = (
        {seed: scored[folder] for seed, folder in arm.folders.items() if folder in scored}
        for arm in (a, b)
    )
    accuracy = metric == "test.accuracy"
    return {
        "collapse": collapse(
            a.on(metric).by_seed, b.on(metric).by_seed, _collapsed(a), _collapsed(b), confidence
        ),
        "crossed_bootstrap": crossed(metric, seeds, of_a, of_b, confidence),
        "mcnemar": mcnemar_by_seed(seeds, of_a, of_b) if accuracy else None,
    }


def _collapsed(arm: ArmRuns) -> dict[int, bool]:
    """Seed -> whether the run ended collapsed."""
    collapsed = arm.collapsed
    return {seed: seed in collapsed for seed in arm.metrics}


def scored_runs(called: Mapping[Path, float | None]) -> Mapping[Path, ScoredRun]:
    """The scored runs, given each run's folder and the share of test pairs that it called
    duplicates.

    A run whose scores are missing, or of other test pairs than those of the first, is left out.
    """
    readable = [
        (folder, share)
        for folder, share in called.items()
        if share is not None and (folder / FILE).exists()
    ]
    return _scored(tuple(sorted(readable)))


@lru_cache(maxsize=2)  # of 3,200 runs each has 80 MB
def _scored(runs: tuple[tuple[Path, float], ...]) -> dict[Path, ScoredRun]:
    read = {folder: read_scores(folder, called) for folder, called in while_wanted(runs)}
    scores = {folder: one for folder, one in read.items() if one is not None}
    if not scores:
        return {}
    first = next(iter(scores.values()))
    scores = {folder: one for folder, one in scores.items() if one.same_pairs(first)}
    if len(first.row) > MOST_TEST_PAIRS:
        return {folder: ScoredRun(one.right, None) for folder, one in scores.items()}
    means = resampled_means(list(scores.values()))
    return {
        folder: ScoredRun(one.right, {name: means[name][index] for name in means})
        for index, (folder, one) in enumerate(scores.items())
    }


def crossed(
    metric: str, seeds: Sequence[int], a: ScoredRunsBySeed, b: ScoredRunsBySeed, confidence: float
) -> Crossed | None:
    """The crossed bootstrap over the paired `seeds`; None for a metric without one, and without an
    interval where there are too few seeds, or not all their scores."""
    if metric not in RESAMPLED:
        return None
    if len(seeds) < FEWEST_SEEDS:
        return no_crossed_bootstrap(
            f"fewer than {FEWEST_SEEDS} seeds say too little about other seeds"
        )
    if not all(seed in side for side in (a, b) for seed in seeds):
        return no_crossed_bootstrap(
            "the scores of the test pairs are not all in this service's data folder"
        )
    means = [[side[seed].means for seed in seeds] for side in (a, b)]
    if any(one is None for side in means for one in side):
        return no_crossed_bootstrap(f"there are more than {MOST_TEST_PAIRS:,} test pairs")
    of_a, of_b = (np.stack([one[metric] for one in side if one is not None]) for side in means)
    return crossed_bootstrap(of_a, of_b, confidence)


def mcnemar_by_seed(seeds: Sequence[int], a: ScoredRunsBySeed, b: ScoredRunsBySeed) -> McNemar:
    """McNemar's test of each paired seed whose two runs both have scores."""
    both = [seed for seed in seeds if seed in a and seed in b]
    return McNemar(seeds=tuple(mcnemar(seed, a[seed].right, b[seed].right) for seed in both))
