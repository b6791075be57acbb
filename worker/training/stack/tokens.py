"""The tokens of a data set, stored on the device, and those of a batch, looked up there.

Only the numbers of the questions are transferred at a step; their tokens are looked up on the
device. The tokens are in the order in which `lstm.py` reads them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from worker.training.data import PAD, RunData
from worker.training.stack.layout import CHUNK, group_sizes
from worker.training.stack.slots import SPARE


@dataclass(frozen=True)
class Group:
    """The places of a group, and where its tokens stand among all: (chunks, slots, CHUNK, size) of
    them, contiguous."""

    places: slice
    size: int
    times: int
    tokens: slice

    @property
    def chunks(self) -> int:
        return self.times // CHUNK


def groups_of(table: Tensor, times: tuple[int, ...]) -> list[Group]:
    """The groups of a layout, without those that have no time step."""
    _, slots, places = table.shape
    groups, place, token = [], 0, 0
    for size, steps in zip(group_sizes(places), times, strict=True):
        count = slots * size * steps
        if steps:
            tokens = slice(token, token + count)
            groups.append(Group(slice(place, place + size), size, steps, tokens))
        place, token = place + size, token + count
    return groups


class Tokens:
    """The token arrays of a data set on a device."""

    def __init__(self, data: RunData, device: torch.device) -> None:
        # copies: the arrays may be memory-mapped, and read-only
        self._ids = torch.from_numpy(np.array(data.ids)).to(device)
        self._offsets = torch.from_numpy(np.array(data.offsets, dtype=np.int64)).to(device)
        self._remap = torch.from_numpy(np.array(data.remap)).to(device)
        self._words = data.vocabulary_size

    def of(self, table: Tensor, times: tuple[int, ...], rows: int) -> Tensor:
        """For every token of a layout its row in the stack's embedding, which has `rows` for each
        slot: (tokens,). Past the end of a question it is a spare row of zeros."""
        groups = groups_of(table, times)
        return torch.cat([self._of_group(table, group, rows).reshape(-1) for group in groups])

    def _of_group(self, table: Tensor, group: Group, rows: int) -> Tensor:
        device, slots = table.device, table.shape[1]
        questions = table[0, :, group.places].reshape(-1)
        shape = (1, slots, 1, group.size)
        start = self._offsets.index_select(0, questions).view(shape)
        length = self._offsets.index_select(0, questions + 1).view(shape) - start
        time = torch.arange(group.times, device=device).view(-1, 1, CHUNK, 1)
        positions = (start + time).clamp(max=len(self._ids) - 1).reshape(-1)
        words = self._remap.index_select(0, self._ids.index_select(0, positions))
        shown = table[1, :, group.places].reshape(shape)
        spare = self._words + torch.arange(group.size, device=device) % SPARE
        words = words.view(-1, slots, CHUNK, group.size).long()
        within = words.masked_fill(time >= length, PAD)
        first = torch.arange(slots, device=device).view(1, slots, 1, 1) * rows
        return within.where(time < shown, spare) + first
