"""The encoder of a stack: from batches of every slot to sums over time, and from their gradients to
those of the weights."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.encoders.held_rows import HeldRows
from worker.training.stack.graphs import Passes, recorder
from worker.training.stack.layout import Layout, lay_out
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
        self._vectors: dict[bytes, Tensor] = {}
        self._grad_embedding = torch.zeros_like(slots.embedding)
        self._held: HeldRows | None = None

    def hold(self, rows: HeldRows) -> None:
        """Give the same rows of every slot's embedding no gradient."""
        self._held = rows

    def layout(self, rows: Mapping[int, Int64], size: int) -> Layout:
        """The layout of batches of `size` rows, by their slots; other slots get none."""
        every = np.zeros((self._slots.width, size), dtype=np.int64)
        live = np.zeros(len(every), dtype=bool)
        for slot, own in rows.items():
            every[slot], live[slot] = own, True
        return lay_out(self._data, every, live, padded=self._padded)

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
    def pair_vectors(self, rows: Int64) -> Tensor:
        """Unit vectors (K, 2 len(rows), H) of the same pairs under every slot's weights: first
        all first questions, then the second. Remembered until `forget`."""
        key = rows.tobytes()
        if key not in self._vectors:
            layout = lay_out(self._data, rows[None], np.ones(1, dtype=bool), padded=self._padded)
            table = self.table(layout).expand(-1, self._slots.width, -1)
            totals, *_ = self._arithmetic.forward(table, layout.times)
            vectors = unit_vectors(totals, table[5])
            self._vectors[key] = vectors[:, :, : len(rows)].flatten(1, 2)
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
        vectors = self._encoder.pair_vectors(rows)[self._slot]
        if not len(further):
            return vectors
        # a yardstick's given negatives: each in its row, of which the other question is left out
        both = self._encoder.pair_vectors(further // 2)[self._slot]
        place = torch.from_numpy(further % 2 * len(further) + np.arange(len(further)))
        return torch.cat((vectors, both.index_select(0, place.to(both.device))))


def unit_vectors(totals: Tensor, lengths: Tensor, kept: Tensor | None = None) -> Tensor:
    """The questions' vectors (K, 2, half, H) from their sums (K, 2 half, H) and lengths; `kept`
    (K, 2, half, H) is 0 where dropout leaves an output out."""
    mean = totals / lengths.clamp(min=1)[:, :, None]
    if kept is not None:
        mean = mean * kept.flatten(1, 2)
    slots, places, width = totals.shape
    return torch.nn.functional.normalize(mean, dim=2).view(slots, 2, places // 2, width)
