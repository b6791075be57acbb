"""Siamese encoders: the two sides of every pair go through the same weights, in one pass."""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from models.specs.training import (
    BagEncoder,
    EncoderSpec,
    GruEncoder,
    LstmEncoder,
    TransformerEncoder,
)
from worker.training.data import Int64, Questions, RunData, pad_to_power_of_two, pair_questions
from worker.training.encoders.gru import gru_sum
from worker.training.encoders.initial import Weights
from worker.training.encoders.lstm import lstm_sum
from worker.training.encoders.packing import Packed, pack
from worker.training.encoders.transformer import build_stack, transformer_sum


class Encoder(nn.Module):
    """Questions to vectors of length 1."""

    def __init__(self, spec: EncoderSpec, weights: Weights) -> None:
        super().__init__()
        self.padded = spec.padding == "power_of_two"
        for name, values in weights.items():
            self.register_parameter(name, nn.Parameter(torch.from_numpy(values.copy())))
        self.embedding: Tensor

    def encode(self, questions: Questions) -> Tensor:
        """Unit vectors (Q, width) of Q questions, in their order.

        With padding `masked` a vector depends on nothing but its question. With `power_of_two`
        all questions are padded to the longest of this call, and padding is read and averaged.
        """
        if self.padded:
            questions = pad_to_power_of_two(questions)
        packed = pack(questions, self.embedding.device)
        embedded = self.embedding.index_select(0, packed.distinct)
        mean = self.pooled_sum(embedded, packed) / packed.lengths[:, None].to(embedded.dtype)
        return nn.functional.normalize(mean.index_select(0, packed.place), dim=1)

    def encode_pairs(self, data: RunData, rows: Int64) -> Tensor:
        """The vectors (2 len(rows), width) of both questions of every row, in one pass."""
        return self.encode(pair_questions(data, rows))

    @abstractmethod
    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        """Sum over the tokens of each question: (Q, width), in packed order."""


class LstmMeanEncoder(Encoder):
    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        return lstm_sum(embedded, self.weight_ih, self.weight_hh, self.bias, packed)


class BagMeanEncoder(Encoder):
    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        total = embedded.new_zeros(packed.sizes[0], embedded.shape[1])
        return total.index_add(0, packed.owner, embedded.index_select(0, packed.index))


class GruMeanEncoder(Encoder):
    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor
    bias_hn: Tensor

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        weights = (self.weight_ih, self.weight_hh, self.bias, self.bias_hn)
        return gru_sum(embedded, *weights, packed)


class TransformerMeanEncoder(Encoder):
    def __init__(self, spec: TransformerEncoder, weights: Weights) -> None:
        super().__init__(spec, {"embedding": weights["embedding"]})
        self.stack = build_stack(spec)
        tensors = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
        self.load_state_dict(tensors, assign=True)

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        return transformer_sum(embedded, self.stack, packed)


def build_encoder(spec: EncoderSpec, weights: Weights) -> Encoder:
    """The encoder of a spec, with these weights."""
    match spec:
        case LstmEncoder():
            return LstmMeanEncoder(spec, weights)
        case GruEncoder():
            return GruMeanEncoder(spec, weights)
        case BagEncoder():
            return BagMeanEncoder(spec, weights)
        case TransformerEncoder():
            return TransformerMeanEncoder(spec, weights)
