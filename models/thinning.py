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
        keep.update(_extremes(values, 0))
    stretches = (max_points - len(keep)) // 2
    if stretches > 0:
        edges = np.linspace(0, length, stretches + 1).astype(int)
        for start, end in zip(edges[:-1], edges[1:], strict=True):
            keep.update(_extremes(columns[guide][start:end], int(start)))
    return np.array(sorted(keep), dtype=np.intp)


def _extremes(values: Column, offset: int) -> tuple[int, ...]:
    """Where the lowest and highest values are, counted from `offset`; nothing if all are NaN."""
    if np.isnan(values).all():
        return ()
    return offset + int(np.nanargmin(values)), offset + int(np.nanargmax(values))
