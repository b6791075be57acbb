"""A transformer over questions without any padding: those of one length go through it together.

A batch of question pairs has a few dozen lengths, so each gives a matrix of its own. Nothing has
to be masked then: no work is done on padding, and the other questions only move its rounding.
The layers are `torch.nn.TransformerEncoder`'s, pre-norm (Xiong et al. 2020), without dropout.
"""

from collections.abc import Iterator
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.specs.training import TransformerEncoder
from worker.training.encoders.encoder import PackedEncoder
from worker.training.encoders.initial import Weights
from worker.training.encoders.packing import Packed


class TransformerMeanEncoder(PackedEncoder):
    """The mean over the tokens of a transformer's outputs."""

    def __init__(self, spec: TransformerEncoder, weights: Weights) -> None:
        super().__init__(spec, {"embedding": weights["embedding"]})
        self.stack = build_stack(spec)
        tensors = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
        self.load_state_dict(tensors, assign=True)

    def pooled_sum(self, embedded: Tensor, packed: Packed) -> Tensor:
        return transformer_sum(embedded, self.stack, packed)


def build_stack(spec: TransformerEncoder) -> nn.TransformerEncoder:
    """The layers without memory for their weights (on `meta`): these are loaded, not drawn."""
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(
            spec.embedding_dim,
            spec.heads,
            spec.feedforward_dim,
            dropout=0.0,
            batch_first=True,
            norm_first=True,
        )
        norm = nn.LayerNorm(spec.embedding_dim)
        return nn.TransformerEncoder(layer, spec.layers, norm, enable_nested_tensor=False)


def transformer_sum(embedded: Tensor, stack: nn.TransformerEncoder, packed: Packed) -> Tensor:
    """Sum over the tokens of the stack's outputs: (Q, D) in the packed order, longest first.

    `embedded` is (U, D): the embeddings of `packed.distinct`.
    """
    where = positions(len(packed.sizes), embedded.shape[1]).to(embedded)
    sums = []
    # fused kernels add gradients in an order of their own, and may round inputs to TF32
    with sdpa_kernel(SDPBackend.MATH):
        for tokens in tokens_by_length(packed):
            index = packed.index[tokens.to(packed.index.device)]
            questions = embedded.index_select(0, index.flatten()).view(*tokens.shape, -1)
            sums.append(stack(questions + where[: tokens.shape[1]]).sum(dim=1))
    return torch.cat(sums)


def tokens_by_length(packed: Packed) -> Iterator[Tensor]:
    """For each length L that occurs, longest first: where the tokens of its G questions stand
    among the packed ones, (G, L)."""
    starts = torch.tensor([0, *accumulate(packed.sizes)])
    longer = 0
    for length in range(len(packed.sizes), 0, -1):
        as_long = packed.sizes[length - 1]  # questions with this many tokens or more
        if as_long > longer:
            yield torch.arange(longer, as_long)[:, None] + starts[:length]
        longer = as_long


def positions(length: int, width: int) -> Tensor:
    """Sines and cosines of each position (Vaswani et al. 2017, section 3.5): (length, width)."""
    rates = 10_000.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)[:, :width]
