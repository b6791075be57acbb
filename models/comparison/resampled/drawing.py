"""Resamples as counts: how often each thing was drawn."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.abandonment import while_wanted

RESAMPLES = 1_000
SEED = 2007
DRAWN_AT_ONCE = 2**20  # values, 8 MB


def times_drawn(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """How often each of `count` things is in each resample of as many: rows, some at a time.

    The draws depend on the three numbers alone.
    """
    generator = np.random.default_rng(seed)
    at_once = max(1, DRAWN_AT_ONCE // count)
    for start in while_wanted(range(0, resamples, at_once)):
        rows = min(at_once, resamples - start)
        drawn = generator.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
