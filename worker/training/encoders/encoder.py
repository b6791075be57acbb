"""What every encoder has in common: tokens are embedded, and a question's outputs are averaged.

The encoders are Siamese: both sides of every pair go through the same weights, in one pass. Each
kind of encoder (`lstm.py`, `gru.py`, `bag.py`, `transformer.py`) adds its mean over the tokens.
"""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from models.specs.training import OwnEncoder
from worker.training.data import (
    NO_QUESTIONS,
    Int64,
    Questions,
    RunData,
    pad_to_power_of_two,
    pair_questions,
)
from worker.training.encoders.dropout import kept_outputs
from worker.training.encoders.held_rows import HeldRows
from worker.training.encoders.initial import Weights
from worker.training.encoders.packing import Packed, pack
from worker.training.encoders.sparse_gradients import rows_of


class Encoder(nn.Module):
    """A network from questions to vectors of length 1."""

    padded = False
    """Whether padding is read, so that a vector depends on the other questions of its call."""
    shares_beginnings = False
    """Whether questions that begin alike share work: the more of them in a call, the less each."""

    def __init__(self) -> None:
        super().__init__()
        self.held: HeldRows | None = None
        """Rows of the embedding that are not trained."""

    @abstractmethod
    def encode(self, questions: Questions) -> Tensor:
        """Unit vectors (Q, width) of Q questions, in their order."""

    def encode_pairs(self, data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Tensor:
        """The vectors (2 len(rows) + len(further), width) of both questions of every row and of
        further questions, in one pass."""
        return self.encode(pair_questions(data, rows, further))

    def begin_step(self, seed: int, step: int) -> None:
        """The next `encode` is that of a training step, and may leave outputs out at random."""

    def clear_held_gradients(self) -> None:
        """After a backward pass, set the gradients of what is held to zero."""

    def restore_held(self) -> None:
        """After an update, undo what decay has done to what is held."""


class TokenEncoder(Encoder):
    """An encoder whose tokens are embedded and averaged, from weights that are drawn."""

    def __init__(self, spec: OwnEncoder, weights: Weights) -> None:
        super().__init__()
        self.padded = spec.padding == "power_of_two"
        self._dropout = spec.dropout
        self._draw: tuple[int, int] | None = None
        for name, values in weights.items():
            self.register_parameter(name, nn.Parameter(torch.from_numpy(values.copy())))
        self.embedding: Tensor

    def begin_step(self, seed: int, step: int) -> None:
        self._draw = (seed, step)

    def hold(self, rows: Int64) -> None:
        """Hold these rows of the embedding as they are now, from the first step on."""
        self.held = HeldRows(self.embedding, rows)

    def clear_held_gradients(self) -> None:
        if self.held is not None and self.embedding.grad is not None:
            self.held.clear(self.embedding.grad)

    def restore_held(self) -> None:
        if self.held is not None:
            self.held.restore(self.embedding)

    def encode(self, questions: Questions) -> Tensor:
        """Unit vectors (Q, width) of Q questions, in their order.

        With padding `masked` a vector depends on its question alone, up to rounding: a matrix
        product sums in an order that its shape decides, and so the other questions of this call
        move an entry of an LSTM, GRU or transformer by some 1e-7 (a bag's by nothing). With
        `power_of_two` all questions are padded to the longest of this call, and padding is read
        and averaged.
        """
        draw, self._draw = self._draw, None
        if self.padded:
            questions = pad_to_power_of_two(questions)
        pooled = self.means(questions)
        if draw is not None and self._dropout:
            kept = kept_outputs(*draw, len(pooled), pooled.shape[1], self._dropout)
            pooled = pooled * kept.to(pooled.device)
        return nn.functional.normalize(pooled, dim=1)

    @abstractmethod
    def means(self, questions: Questions) -> Tensor:
        """The mean over the tokens of each question: (Q, width), in the questions' order."""

    def embedded(self, tokens: Tensor) -> Tensor:
        """The embeddings (U, D) of distinct tokens (U,)."""
        return rows_of(self.embedding, tokens)


class PackedEncoder(TokenEncoder):
    """An encoder that reads the questions packed: see `packing.py`."""

    def means(self, questions: Questions) -> Tensor:
        packed = pack(questions, self.embedding.device)
        embedded = self.embedded(packed.distinct)
        mean = self.pooled_sum(embedded, packed) / packed.lengths[:, None].to(embedded.dtype)
        return mean.index_select(0, packed.place)

    @abstractmethod
    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        """Sum over the tokens of each question: (Q, width), in packed order."""
