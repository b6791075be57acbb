"""Rows of an embedding that a training leaves as they are: those of token vectors that are held.

The embedding stays one weight, so files, checkpoints and stacks are the same as without such rows.
Their gradients are set to zero before anything is computed from them, its norm too; and since a
decay shrinks every row, whatever its gradient, they are written again after each update.
"""

import torch
from torch import Tensor, nn

from worker.training.data import Int64


class HeldRows(nn.Module):
    """The rows of an embedding (words, width), and what they hold."""

    def __init__(self, embedding: Tensor, rows: Int64) -> None:
        super().__init__()
        # no part of the state: the weights have them, and the data say which they are
        self.register_buffer("rows", torch.from_numpy(rows.copy()), persistent=False)
        held = embedding.detach().index_select(0, self.rows)
        self.register_buffer("values", held, persistent=False)
        self.rows: Tensor
        self.values: Tensor

    @torch.no_grad()
    def clear(self, gradient: Tensor) -> None:
        """Set the rows of a gradient (…, words, width) to zero, in place."""
        if gradient.is_sparse:
            held = torch.isin(gradient._indices()[0], self.rows)
            gradient._values().masked_fill_(held[:, None], 0.0)
        else:
            gradient.index_fill_(-2, self.rows, 0.0)

    @torch.no_grad()
    def restore(self, embedding: Tensor) -> None:
        """Write the rows again."""
        embedding.index_copy_(0, self.rows, self.values)
