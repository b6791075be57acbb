"""Questions of different lengths laid out for a recurrent network without any padding.

Questions are sorted by length, longest first. At time step t only the first `sizes[t]` of them
still have a token, and those tokens are contiguous, so every matrix product is over real tokens.
The embedding and the input projection are needed once for each *distinct* token of the batch; for
Quora questions that is about a quarter of the tokens.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.training.data import Questions


@dataclass(frozen=True)
class Packed:
    """A layout of Q questions with N tokens, U of them distinct, over T time steps."""

    distinct: Tensor  # (U,) ids
    index: Tensor  # (N,) place in `distinct` of each token, time-major
    sizes: tuple[int, ...]  # T: questions that still have a token at each time step
    lengths: Tensor  # (Q,) in sorted order, float32
    place: Tensor  # (Q,) where each question, in its original order, stands in sorted order
    owner: Tensor  # (N,) the question, in sorted order, that each token belongs to


def pack(questions: Questions, device: torch.device) -> Packed:
    """Lay out `questions` for `device`."""
    lengths = questions.lengths
    order = np.argsort(-lengths, kind="stable")
    starts = (np.cumsum(lengths) - lengths)[order]
    sorted_lengths = lengths[order]
    times = np.arange(int(sorted_lengths[0]))
    sizes = np.searchsorted(-sorted_lengths, -times, side="left")
    owner = np.arange(len(questions.ids)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    time_of = np.repeat(times, sizes)
    distinct, index = np.unique(questions.ids[starts[owner] + time_of], return_inverse=True)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))

    def to(array: npt.NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(device)

    return Packed(
        distinct=to(distinct),
        index=to(index),
        sizes=tuple(int(size) for size in sizes),
        lengths=to(sorted_lengths.astype(np.float32)),
        place=to(place),
        owner=to(owner),
    )
