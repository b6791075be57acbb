"""Token vectors without any network: a question is the mean of the vectors of its tokens."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from worker.training.data import NO_QUESTIONS, Int64, RunData


class VectorMeans:
    """A `PairEncoder` that knows no weights.

    A token that has no vector is left out of the mean. A question of which no token has one is the
    zero vector, whose cosine with every other is 0.
    """

    def __init__(self, rows: Int64, vectors: npt.NDArray[np.float32]) -> None:
        """`vectors` (N, width) may be mapped from a file; `rows` is that of each token of the data
        set, -1 where it has none."""
        self._rows, self._vectors = rows, vectors

    def encode_pairs(self, data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Tensor:
        questions = np.concatenate((2 * rows, 2 * rows + 1, further))
        starts, ends = data.offsets[questions], data.offsets[questions + 1]
        count = (ends - starts).sum()
        places = np.repeat(np.arange(len(questions)), ends - starts)
        first = np.cumsum(ends - starts) - (ends - starts)
        tokens = self._rows[data.ids[np.arange(count) + np.repeat(starts - first, ends - starts)]]
        found = tokens >= 0
        distinct, which = np.unique(tokens[found], return_inverse=True)
        # float64, since a file may have any finite float32, whose square no float32 holds
        vectors = torch.from_numpy(self._vectors[distinct].astype(np.float64))
        total = torch.zeros(len(questions), self._vectors.shape[1], dtype=torch.float64)
        total.index_add_(0, torch.from_numpy(places[found]), vectors[torch.from_numpy(which)])
        # scaled to length 1, the sum is what the mean is
        return torch.nn.functional.normalize(total, dim=1).float()
