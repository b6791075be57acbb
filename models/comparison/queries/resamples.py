"""Resamples of queries, for the crossed bootstrap of a metric of retrieval.

**Duplicate groups are drawn, and not single queries**: where a and b are duplicates, b is what a
is searched for and the reverse, so that both succeed or both fail. To draw them one by one would
take one observation for two, and the interval would be too short (Field and Welsh 2007 on
bootstrapping clusters). The corpus stays as it is: what is new is who asks.

A resample's value is a mean over the queries that were drawn, however many they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted
from models.comparison.crossed_bootstrap import ArmResamples, Wanted, arm_resamples
from models.comparison.queries.scores import OF_QUERIES, QueryScores, read_query_scores
from models.comparison.resampled.drawing import RESAMPLES, SEED, times_drawn
from models.comparison.resampled.pair_sums import Means


class QueryResamples:
    """The resamples of the G groups of some queries, Q >= 1; they depend on G alone."""

    def __init__(self, group: NDArray[np.int64]) -> None:
        _, self._place, counts = np.unique(group, return_inverse=True, return_counts=True)
        self._drawn = np.ones((RESAMPLES + 1, len(counts)))
        """How often each group is in each resample, and last a row of ones: [RESAMPLES + 1, G]."""
        start = 0
        for times in times_drawn(len(counts), RESAMPLES, SEED):
            self._drawn[start : start + len(times)] = times
            start += len(times)
        self._queries = self._drawn @ counts

    def means(self, values: Sequence[NDArray[np.float32]]) -> Means:
        """A metric of runs under each resample, from its value of every query (Q,) of each run."""
        groups = self._drawn.shape[1]
        sums = [np.bincount(self._place, weights=one, minlength=groups) for one in values]
        return np.stack([self._drawn @ one / self._queries for one in sums])


class SharedQueries:
    """The queries that all runs are to share: those of the first file that has any."""

    def __init__(self, first: QueryScores) -> None:
        self.first, self.digest = first, first.digest()

    @cached_property  # of 5,000 groups 40 MB, only while arms are read
    def resamples(self) -> QueryResamples:
        return QueryResamples(self.first.group)


def shared_queries(
    folders: Iterable[Path], wanted: Iterable[Iterable[Wanted]]
) -> SharedQueries | None:
    """The queries of the first folder that has any; None where no arm wants a metric of them."""
    if not any(metric in OF_QUERIES for own in wanted for metric, _ in own):
        return None
    found = (read_query_scores(folder) for folder in while_wanted(folders))
    first = next((one for one in found if one is not None), None)
    return None if first is None else SharedQueries(first)


def resampled_queries(
    folders: Mapping[int, Path], wanted: Iterable[Wanted], queries: SharedQueries
) -> dict[Wanted, ArmResamples]:
    """The resamples `wanted` of an arm, given the folder of the run of each seed, as far as all of
    their runs have scores of the same queries."""
    asked = [one for one in wanted if one[0] in OF_QUERIES]
    means: dict[str, dict[int, Means]] = {metric: {} for metric, _ in asked}
    for seed in while_wanted(sorted({seed for _, seeds in asked for seed in seeds})):
        own = read_query_scores(folders[seed]) if seed in folders else None
        if own is None or not own.same_queries(queries.first):
            continue
        for metric, of_seed in means.items():
            of_seed[seed] = queries.resamples.means([own.values[metric]])
    return {
        (metric, seeds): arm_resamples(np.concatenate([means[metric][seed] for seed in seeds]))
        for metric, seeds in asked
        if all(seed in means[metric] for seed in seeds)
    }
