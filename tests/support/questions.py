"""Questions as an encoder reads them, and encoders of every kind, for tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from pydantic import TypeAdapter
from torch import Tensor, nn

from models.specs.training import EncoderSpec
from worker.training.data import Questions
from worker.training.encoders.build import build_encoder
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.initial import initial_weights

torch.set_num_threads(1)  # as a run has; more would only wait for each other on such small tensors

WORDS = 20
KINDS = ("lstm", "gru", "bag", "transformer")

some_questions = st.lists(
    st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=9), min_size=1, max_size=6
)


def questions(*texts: Sequence[int]) -> Questions:
    ids = np.array([word for text in texts for word in text], dtype=np.int64)
    return Questions(ids, np.array([len(text) for text in texts], dtype=np.int64))


def gradient_of(parameter: nn.Parameter) -> Tensor:
    """The gradient of a weight, with all its zeros."""
    assert parameter.grad is not None
    return parameter.grad.to_dense()


def encoder_spec(kind: str, **fields: Any) -> EncoderSpec:
    adapter: TypeAdapter[EncoderSpec] = TypeAdapter(EncoderSpec)
    return adapter.validate_python({"kind": kind, **fields})


def encoder_of(kind: str, *, seed: int = 3, **fields: Any) -> Encoder:
    spec = encoder_spec(kind, **fields)
    return build_encoder(spec, initial_weights(spec, WORDS, seed))
