"""The encoder of a stack: from batches of every slot to sums over time, and from their gradients to
those of the weights."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.encoders.held_rows import HeldRows
from worker.training.stack.graphs import Passes, recorder
from worker.training.stack.layout import NONE, Layout, half_of, lay_out, room_for
from worker.training.stack.passes import Arithmetic
from worker.training.stack.slots import Slots
from worker.training.stack.tokens import Tokens


class StackEncoder:
    """Encodes with the weights in the slots of a stack."""

    def __init__(self, slots: Slots, data: RunData, device: torch.device, *, padded: bool) -> None:
        self._slots, self._data, self._device, self._padded = slots, data, device, padded
        arithmetic = Arithmetic(slots, Tokens(data, device))
        self._passes = Passes(arithmetic, recorder(device))
        self._arithmetic = arithmetic
        self._vectors: dict[tuple[bytes, bytes], Tensor] = {}
        self._grad_embedding = torch.zeros_like(slots.embedding)
        self._held: HeldRows | None = None

    def hold(self, rows: HeldRows) -> None:
        """Give the same rows of every slot's embedding no gradient."""
        self._held = rows

    def layout(
        self, rows: Mapping[int, Int64], further: Mapping[int, Int64], size: int, room: int = 0
    ) -> Layout:
        """The layout of batches of `size` rows, by their slots, and of the further questions behind
        them, for which each has this room; other slots get none."""
        every = np.zeros((self._slots.width, size), dtype=np.int64)
        behind = np.full((len(every), room), NONE, dtype=np.int64)
        live = np.zeros(len(every), dtype=bool)
        for slot, own in rows.items():
            every[slot], live[slot] = own, True
            behind[slot, : len(further[slot])] = further[slot]
        return lay_out(self._data, every, live, padded=self._padded, further=behind)

    def table(self, layout: Layout) -> Tensor:
        """A layout's table on the device."""
        table = torch.from_numpy(layout.table)
        if self._device.type == "cuda":  # from pinned memory the copy does not wait
            return table.pin_memory().to(self._device, non_blocking=True)
        return table

    @torch.no_grad()
    def forward(self, times: tuple[int, ...], table: Tensor) -> Tensor:
        """Sums over time (K, places, H) in the batches' order."""
        self._pass = self._passes.of(times, table)
        return self._pass.forward(table)

    @torch.no_grad()
    def backward(self, gradient: Tensor) -> dict[str, Tensor]:
        """The gradients (K, ...) of the weights by name, from that of the sums. They are
        overwritten by the next ones."""
        rows, gradients = self._pass.backward(gradient)
        # tokens of one word are added in the order of the layout, on every device: under
        # deterministic algorithms CUDA sorts them first, and its sort is stable
        self._grad_embedding.zero_()
        self._grad_embedding.flatten(0, 1).index_add_(0, rows, gradients.inputs)
        if self._held is not None:
            self._held.clear(self._grad_embedding)
        return {
            "embedding": self._grad_embedding[:, : self._slots.words],
            "weight_ih": gradients.weight_ih,
            "weight_hh": gradients.weight_hh,
            "bias": gradients.bias,
        }

    @torch.no_grad()
    def pair_vectors(self, rows: Int64, further: Int64) -> Tensor:
        """Unit vectors (K, 2 len(rows) + len(further), H) of the same questions under every slot's
        weights: all first questions of the pairs, then the second, then the further ones.
        Remembered until `forget`."""
        key = rows.tobytes(), further.tobytes()
        if key not in self._vectors:
            behind = np.full((1, room_for(len(further))), NONE, dtype=np.int64)
            behind[0, : len(further)] = further
            layout = lay_out(
                self._data, rows[None], np.ones(1, bool), padded=self._padded, further=behind
            )
            table = self.table(layout).expand(-1, self._slots.width, -1)
            totals, *_ = self._arithmetic.forward(table, layout.times)
            vectors = unit_vectors(totals, table[5])
            self._vectors[key] = torch.cat(of_batch(vectors, len(rows), len(further)), dim=1)
        return self._vectors[key]

    def forget(self) -> None:
        """Drop the remembered vectors: the weights have changed."""
        self._vectors.clear()

    def of(self, slot: int) -> "SlotEncoder":
        """The encoder of one slot."""
        return SlotEncoder(self, slot)


class SlotEncoder:
    """A `PairEncoder` of one slot. Each batch of rows is encoded for all slots, once."""

    def __init__(self, encoder: StackEncoder, slot: int) -> None:
        self._encoder, self._slot = encoder, slot

    def encode_pairs(self, _data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Tensor:
        return self._encoder.pair_vectors(rows, further)[self._slot]


def unit_vectors(totals: Tensor, lengths: Tensor, kept: Tensor | None = None) -> Tensor:
    """The questions' vectors (K, places, H) from their sums (K, places, H) and lengths; `kept`
    (K, places, H) is 0 where dropout leaves an output out."""
    mean = totals / lengths.clamp(min=1)[:, :, None]
    if kept is not None:
        mean = mean * kept
    return torch.nn.functional.normalize(mean, dim=2)


def of_batch(values: Tensor, size: int, further: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Values (K, places, ...) of the first questions of the `size` pairs of a batch, of the second,
    and of this many further ones, without what fills up."""
    half = half_of(size)
    starts = ((0, size), (half, size), (2 * half, further))
    first, second, behind = (values[:, start : start + count] for start, count in starts)
    return first, second, behind
