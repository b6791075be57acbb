"""The weights of a stack: every named weight once for each slot, in one tensor.

A slot's weights begin at a multiple of 256 bytes, whatever their shape, so that a product meets
the same alignment in every slot: some matrix libraries sum in another order where it differs. The
embedding has more rows than there are words. The further rows are zero, and padding is looked up in
them: each row of a batch in another one, since thousands of gradients that are added to one row
would wait for each other.
"""

import math

import torch
from torch import Tensor, nn

from models.specs.training import LstmEncoder

SPARE = 64  # rows of zeros behind the embedding of the words
ALIGNED = 64  # floats


def room(width: int, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Zeros (width, *shape) in which every slot is contiguous and aligned."""
    count = math.prod(shape)
    whole = torch.zeros(width, -(-count // ALIGNED) * ALIGNED, device=device)
    return whole[:, :count].view(width, *shape)


class Slots:
    """The weights (width, ...) of all slots, by name."""

    def __init__(
        self, width: int, encoder: LstmEncoder, vocabulary_size: int, device: torch.device
    ) -> None:
        d, h = encoder.embedding_dim, encoder.hidden_dim
        self.width, self.words, self.hidden = width, vocabulary_size, h
        self.embedding = room(width, (self.rows, d), device)
        self.weight_ih = room(width, (4 * h, d), device)
        self.weight_hh = room(width, (4 * h, h), device)
        self.bias = room(width, (4 * h,), device)

    @property
    def rows(self) -> int:
        """Rows of a slot's embedding: the words, and the spare ones; a multiple of `SPARE`."""
        return -(-self.words // SPARE) * SPARE + SPARE

    def of(self, slot: int) -> dict[str, Tensor]:
        """The weights in a slot, as an encoder names them."""
        return {
            "embedding": self.embedding[slot, : self.words],
            "weight_ih": self.weight_ih[slot],
            "weight_hh": self.weight_hh[slot],
            "bias": self.bias[slot],
        }

    @torch.no_grad()
    def give(self, slot: int, encoder: nn.Module) -> None:
        """Move the weights of `encoder` into a slot: they are in the slot's memory from now on."""
        views = self.of(slot)
        for name, parameter in encoder.named_parameters():
            views[name].copy_(parameter)
            parameter.data = views[name]

    @torch.no_grad()
    def clear(self, slot: int) -> None:
        """Fill a slot with zeros: a network whose outputs are zero and never NaN."""
        for weights in self.of(slot).values():
            weights.zero_()
