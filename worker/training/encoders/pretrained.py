"""A pretrained encoder: the network of transformers that its config describes, with its weights.

The library is given a config of known keys and nothing else, so it runs no code of the model's and
asks no hub. Texts of similar length go through the network together: a batch has a few buckets,
each padded to a multiple of eight tokens and masked, so hardly any work is done on padding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.pretrained.config import ModelConfig, read_config
from models.specs.training import PretrainedEncoder
from worker.training.data import Int64, Questions
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.initial import Weights
from worker.training.randomness import Purpose, stream

BUCKET = 8  # tokens
PREFIX = "transformer."
"""What the names of all its weights begin with."""


class PretrainedTextEncoder(Encoder):
    """Unit vectors from the outputs of a pretrained network: their mean, or the first one.

    `weights` are named as in the network, each name after `PREFIX`.
    """

    def __init__(self, spec: PretrainedEncoder, config: bytes, weights: Weights) -> None:
        super().__init__()
        self._config, self._pooling = read_config(config), spec.pooling
        self._draw: tuple[int, int] | None = None
        self.transformer = _network(self._config, spec.dropout)
        tensors = {name: torch.from_numpy(values.copy()) for name, values in weights.items()}
        self.load_state_dict(tensors)
        if spec.train_layers != "all":
            self._freeze_all_but(spec.train_layers)

    def _freeze_all_but(self, layers: int) -> None:
        last = range(self._config.sizes.layers - layers, self._config.sizes.layers)
        names = tuple(f"{PREFIX}{self._config.architecture.layer.format(i)}." for i in last)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name.startswith(names))

    def begin_step(self, seed: int, step: int) -> None:
        self._draw = (seed, step)

    def encode(self, questions: Questions) -> Tensor:
        """Unit vectors (Q, width) of Q questions, in their order.

        A vector depends on its question alone, up to rounding: padding is masked, but the shape of
        a bucket decides the order of sums.
        """
        draw, self._draw = self._draw, None
        self.transformer.train(draw is not None)
        device = next(self.parameters()).device
        with _drawing(draw, device):
            order, buckets = [], []
            for which, ids, mask in _buckets(questions, self._config):
                order.append(which)
                buckets.append(self._pooled(ids.to(device), mask.to(device)))
        place = np.argsort(np.concatenate(order))
        pooled = torch.cat(buckets).index_select(0, torch.from_numpy(place).to(device))
        return nn.functional.normalize(pooled, dim=1)

    def _pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        outputs: Tensor = self.transformer(input_ids=ids, attention_mask=mask).last_hidden_state
        if self._pooling == "cls":
            return outputs[:, 0]
        kept = mask[:, :, None].to(outputs.dtype)
        return (outputs * kept).sum(dim=1) / kept.sum(dim=1)


def _network(config: ModelConfig, dropout: float) -> nn.Module:
    """The network with weights that are still to be loaded."""
    # at the first such run of a process: it takes seconds, and most processes never need it
    from transformers import AutoConfig, AutoModel

    sizes = {name: value for name, value in config.document.items() if name != "model_type"}
    if config.kind == "distilbert":
        drops, more = {"dropout": dropout, "attention_dropout": dropout}, {}
    else:
        drops = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
        more = {"add_pooling_layer": False}
    described: Any = AutoConfig.for_model(config.kind, **sizes, **drops)
    # the plain arithmetic: fused kernels add in an order of their own
    network: nn.Module = AutoModel.from_config(described, attn_implementation="eager", **more)
    return network


def _buckets(questions: Questions, config: ModelConfig) -> Iterator[tuple[Int64, Tensor, Tensor]]:
    """For each bucket, shortest first: which questions are in it, their ids (G, L), and the mask
    (G, L) that is 1 where there is a token."""
    widths = np.minimum(-(-questions.lengths // BUCKET) * BUCKET, config.positions)
    starts = np.cumsum(questions.lengths) - questions.lengths
    for width in np.unique(widths):
        which = np.flatnonzero(widths == width)
        mask = np.arange(width) < questions.lengths[which, None]
        positions = np.where(mask, starts[which, None] + np.arange(width), 0)
        ids = np.where(mask, questions.ids[positions], config.pad_id)
        yield which, torch.from_numpy(ids), torch.from_numpy(mask.astype(np.int64))


@contextmanager
def _drawing(draw: tuple[int, int] | None, device: torch.device) -> Iterator[None]:
    """Within this context dropout is drawn from this seed and step, and from nothing else, so that
    a resume draws the same."""
    if draw is None:
        yield
        return
    seed, step = draw
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        drawn = stream(seed, Purpose.DROPOUT, step).integers(2**63)
        torch.manual_seed(int(drawn))
        yield
