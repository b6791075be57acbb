"""Fewer points of a long series, without losing what a person looks for in it: the extremes."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


def thin(columns: Mapping[str, Column], *, guide: str, max_points: int) -> NDArray[np.intp]:
    """Positions to keep, ascending.

    Always kept: the first, the last, and the lowest and highest value of every column (NaN means
    no value). What is left of `max_points` goes to the lowest and highest `guide` of equally long
    stretches. So at most max(max_points, 2 + 2 * columns) positions are returned.
    """
    length = len(columns[guide])
    if length <= max_points:
        return np.arange(length)
    keep = {0, length - 1}
    for values in columns.values():
        keep.update(_extremes(values))
    stretches = (max_points - len(keep)) // 2
    if stretches > 0:
        keep.update(_of_each(columns[guide], stretches))
    return np.array(sorted(keep), dtype=np.intp)


def _extremes(values: Column) -> tuple[int, ...]:
    """Where the lowest and highest values are; nothing if all are NaN."""
    if np.isnan(values).all():
        return ()
    return int(np.nanargmin(values)), int(np.nanargmax(values))


def _of_each(values: Column, stretches: int) -> list[int]:
    """Where the lowest and highest values of each stretch are, the first where several are."""
    edges = np.linspace(0, len(values), stretches + 1).astype(int)
    stretch = np.repeat(np.arange(stretches), np.diff(edges))
    found: list[int] = []
    for reduce in (np.fmin, np.fmax):  # these pass over NaN
        equal = np.flatnonzero(values == reduce.reduceat(values, edges[:-1])[stretch])
        _, first = np.unique(stretch[equal], return_index=True)
        found += equal[first].tolist()
    return found
