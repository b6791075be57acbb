"""One way through the encoder and back, for one layout: as it is said, or recorded and replayed.

A time step is a dozen small kernels, and to start each takes a GPU's host longer than the kernel.
Recorded as a CUDA graph they are started in one go. A layout's time steps decide its kernels, so
there is a recording for each tuple of them that comes again. What is replayed are the very kernels
that would have been started one by one: the bits are the same.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from worker.training.stack.lstm import Gradients, History, backward, forward
from worker.training.stack.slots import Slots
from worker.training.stack.tokens import Tokens, groups_of

T = TypeVar("T")
Replay = Callable[[], object]


class Record(Protocol):
    def __call__(self, work: Callable[[], T]) -> tuple[T, Replay]:
        """What work gives, and what does it again into the memory of that. Until the first
        replay the numbers there mean nothing."""


Way = tuple[Tensor, Tensor, History]


class Arithmetic:
    """What a pass computes: pure functions of a table and of the weights in the slots."""

    def __init__(self, slots: Slots, tokens: Tokens) -> None:
        self.slots, self._tokens = slots, tokens

    def there(self, table: Tensor, times: tuple[int, ...]) -> Way:
        """The sums over time (K, places, H) in the batch's order, the rows of the embedding that
        were read, and what the way back needs."""
        slots = self.slots
        rows = self._tokens.of(table, times, slots.rows)
        inputs = slots.embedding.flatten(0, 1).index_select(0, rows)
        groups = groups_of(table, times)
        totals, history = forward(slots, inputs, table[1], groups)
        return _taken(totals, table[3]), rows, history

    def back(
        self, table: Tensor, times: tuple[int, ...], history: History, gradient: Tensor
    ) -> Gradients:
        """The gradients, from that of the sums in the batch's order."""
        groups = groups_of(table, times)
        return backward(self.slots, history, _taken(gradient, table[2]), table[1], groups)


def _taken(values: Tensor, places: Tensor) -> Tensor:
    """`values` (K, places, H) of every slot in another order."""
    slots, count = places.shape
    first = torch.arange(slots, device=places.device)[:, None] * count
    flat = values.flatten(0, 1).index_select(0, (places + first).reshape(-1))
    return flat.view(slots, count, -1)


class Pass(Protocol):
    """Forward once, then backward at most once."""

    def forward(self, table: Tensor) -> Tensor: ...

    def backward(self, gradient: Tensor) -> tuple[Tensor, Gradients]:
        """The rows of the embedding that were read, and the gradients."""


class Eager:
    """A pass whose kernels are started one by one."""

    def __init__(self, arithmetic: Arithmetic, times: tuple[int, ...]) -> None:
        self._arithmetic, self._times = arithmetic, times

    def forward(self, table: Tensor) -> Tensor:
        self._table = table
        totals, self._rows, self._history = self._arithmetic.there(table, self._times)
        return totals

    def backward(self, gradient: Tensor) -> tuple[Tensor, Gradients]:
        history = self._history
        return self._rows, self._arithmetic.back(self._table, self._times, history, gradient)


class Recorded:
    """A pass that was recorded, with the memory that its numbers always go through.

    What it gives is overwritten by the next pass of any recording: they share their memory.
    """

    def __init__(self, eager: Eager, table: Tensor, gradient: Tensor, record: Record) -> None:
        self._table, self._gradient = table, gradient
        self._totals, self._there = record(lambda: eager.forward(table))
        self._gradients, self._back = record(lambda: eager.backward(gradient))

    def forward(self, table: Tensor) -> Tensor:
        self._table.copy_(table)
        self._there()
        return self._totals

    def backward(self, gradient: Tensor) -> tuple[Tensor, Gradients]:
        self._gradient.copy_(gradient)
        self._back()
        return self._gradients
