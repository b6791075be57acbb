"""One pass through the encoder, forward and backward, for one layout: eager, or recorded and
replayed.

A time step is a dozen small kernels, and starting each takes a GPU's host longer than the kernel
takes. Recorded as a CUDA graph they are started together. A layout's time steps decide its kernels,
so there is a recording for each tuple of time steps that recurs. The replayed kernels are the ones
that would have been started one by one, so the bits are the same.
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
        """Record `work`; its result, and a function that replays it into the result's memory.

        The numbers in the result are undefined until the first replay.
        """


ForwardResult = tuple[Tensor, Tensor, History]


class Arithmetic:
    """What a pass computes: pure functions of a table and of the weights in the slots."""

    def __init__(self, slots: Slots, tokens: Tokens) -> None:
        self.slots, self._tokens = slots, tokens

    def forward(self, table: Tensor, times: tuple[int, ...]) -> ForwardResult:
        """The sums over time (K, places, H) in the batch's order, the rows of the embedding that
        were read, and what the backward pass needs."""
        slots = self.slots
        rows = self._tokens.of(table, times, slots.rows)
        inputs = slots.embedding.flatten(0, 1).index_select(0, rows)
        groups = groups_of(table, times)
        totals, history = forward(slots, inputs, table[1], groups)
        return _taken(totals, table[3]), rows, history

    def backward(
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
        totals, self._rows, self._history = self._arithmetic.forward(table, self._times)
        return totals

    def backward(self, gradient: Tensor) -> tuple[Tensor, Gradients]:
        history = self._history
        return self._rows, self._arithmetic.backward(self._table, self._times, history, gradient)


class Recorded:
    """A recorded pass, with the memory that its inputs and results always have.

    Its results are overwritten by the next pass of any recording: they share their memory.
    """

    def __init__(self, eager: Eager, table: Tensor, gradient: Tensor, record: Record) -> None:
        self._table, self._gradient = table, gradient
        self._totals, self._replay_forward = record(lambda: eager.forward(table))
        self._gradients, self._replay_backward = record(lambda: eager.backward(gradient))

    def forward(self, table: Tensor) -> Tensor:
        self._table.copy_(table)
        self._replay_forward()
        return self._totals

    def backward(self, gradient: Tensor) -> tuple[Tensor, Gradients]:
        self._gradient.copy_(gradient)
        self._replay_backward()
        return self._gradients
