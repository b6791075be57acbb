"""Which pairs are in the batch of a step: a pure function of the seed and the step.

As in the course notebook, the training rows are shuffled once an epoch, and a batch that the end
of an epoch cuts is filled from the next one, so every batch is whole.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from worker.training.data import Int64
from worker.training.randomness import Purpose, stream


def batch_rows(train: Int64, seed: int, step: int, batch_size: int) -> Int64:
    """The rows (batch_size,) of step `step` (counted from 1), out of `train`."""
    count = len(train)
    positions = np.arange((step - 1) * batch_size, step * batch_size)
    epochs = positions // count
    rows = [
        train[_orders(seed, count)(int(epoch))[positions[epochs == epoch] % count]]
        for epoch in np.unique(epochs)
    ]
    return np.concatenate(rows)


@lru_cache(maxsize=256)
def _orders(seed: int, count: int) -> Callable[[int], Int64]:
    """A function that gives a seed's order of `count` rows in an epoch.

    Each seed remembers two orders of its own, since many seeds take turns where many runs are
    trained at once; and each number of rows, since the order may be held while the rows vary.
    """

    @lru_cache(maxsize=2)
    def order(epoch: int) -> Int64:
        return stream(seed, Purpose.BATCH_ORDER, epoch).permutation(count)

    return order
