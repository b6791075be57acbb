"""Summary statistics of one arm, since a mean alone hides the spread."""

import statistics
from collections.abc import Mapping, Sequence

from models.comparison.paired_t import mean_and_sd
from models.comparison.schema import Summary


def summarise(values: Mapping[int, float]) -> Summary:
    """Seed -> value of all runs of an arm: mean, sample sd (n - 1), median, interquartile mean
    (Agarwal et al. 2021; below four values nothing is trimmed), range and every point."""
    points = tuple(float(values[seed]) for seed in sorted(values))
    mean, sd = mean_and_sd(sorted(points))
    return Summary(
        n=len(points),
        mean=mean,
        sd=sd,
        median=statistics.median(points) if points else None,
        min=min(points, default=None),
        max=max(points, default=None),
        iqm=_interquartile_mean(points) if points else None,
        points=points,
    )


def _interquartile_mean(points: Sequence[float]) -> float:
    """The mean without the lowest and the highest quarter, each rounded down to whole points."""
    cut = len(points) // 4
    return statistics.fmean(sorted(points)[cut : len(points) - cut])
