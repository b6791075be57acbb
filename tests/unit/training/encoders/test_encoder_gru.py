"""The packed GRU against PyTorch's own, and its initial weights against both libraries'."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

from worker.training.data import PAD
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.gru import GruMeanEncoder
from worker.training.encoders.initial import initial_weights

from support.questions import encoder_of, encoder_spec, gradient_of, questions, some_questions

SMALL = {"embedding_dim": 6, "hidden_dim": 5}


def reference(encoder: Encoder, texts: list[list[int]]) -> Tensor:
    """Packed sequences through `torch.nn.GRU`, the mean over time, scaled to length 1: (Q, H)."""
    assert isinstance(encoder, GruMeanEncoder)
    hidden = encoder.weight_hh.shape[1]
    layer = torch.nn.GRU(encoder.embedding.shape[1], hidden)
    weights = {
        "weight_ih_l0": encoder.weight_ih,
        "weight_hh_l0": encoder.weight_hh,
        "bias_ih_l0": encoder.bias,
        "bias_hh_l0": torch.cat((encoder.bias.new_zeros(2 * hidden), encoder.bias_hn)),
    }
    embedded = [encoder.embedding[torch.tensor(text)] for text in texts]
    packed = pack_sequence(embedded, enforce_sorted=False)
    outputs, _ = torch.func.functional_call(layer, weights, (packed,))
    padded, lengths = pad_packed_sequence(outputs)
    mean = padded.sum(dim=0) / lengths[:, None]
    return torch.nn.functional.normalize(mean, dim=1)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@given(texts=some_questions)
@settings(deadline=None, max_examples=30)
def test_the_packed_gru_equals_torchs_own(
    dtype: torch.dtype, atol: float, texts: list[list[int]]
) -> None:
    encoder = encoder_of("gru", **SMALL).to(dtype)
    ours = encoder.encode(questions(*texts))
    assert torch.allclose(ours, reference(encoder, texts), atol=atol)


@given(texts=some_questions)
@settings(deadline=None, max_examples=20)
def test_the_packed_gru_has_the_gradients_of_torchs_own(texts: list[list[int]]) -> None:
    gradients = []
    for encode in (lambda e: e.encode(questions(*texts)), lambda e: reference(e, texts)):
        encoder = encoder_of("gru", **SMALL).double()
        vectors = encode(encoder)
        weights = torch.arange(vectors.numel(), dtype=torch.float64).reshape(vectors.shape)
        (vectors * weights.sin()).sum().backward()
        gradients.append([gradient_of(parameter) for parameter in encoder.parameters()])
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-10)


def test_a_padded_question_is_the_reference_over_its_padding() -> None:
    encoder = encoder_of("gru", padding="power_of_two", **SMALL).double()
    vectors = encoder.encode(questions([7, 8, 9], [5] * 6))
    padded = reference(encoder, [[7, 8, 9, *[PAD] * 5]])
    assert torch.allclose(vectors[:1], padded, atol=1e-12)


def test_trax_weights_have_traxs_distributions() -> None:
    weights = initial_weights(encoder_spec("gru", init="trax"), 50, 0)
    for kernel in (weights["weight_ih"], weights["weight_hh"]):
        assert np.abs(kernel).max() == pytest.approx(0.01, rel=1e-3)
        assert kernel.std() == pytest.approx(0.01 / 3**0.5, rel=0.02)
    assert weights["bias"].std() == pytest.approx(1e-6, rel=0.2)
    assert not weights["bias_hn"].any()


def test_torch_weights_have_torchs_distributions() -> None:
    """As many draws of PyTorch's own layer have the same spread, once its biases are one."""
    weights = initial_weights(encoder_spec("gru"), 50, 0)
    theirs = dict(torch.nn.GRU(128, 128).named_parameters())
    for name in ("weight_ih", "weight_hh"):
        values = theirs[f"{name}_l0"]
        assert weights[name].std() == pytest.approx(values.std().item(), rel=0.02)
        assert np.abs(weights[name]).max() == pytest.approx(values.abs().max().item(), rel=1e-3)
    gates, bound = weights["bias"][:256], 128**-0.5
    assert bound < np.abs(gates).max() < 2 * bound
    assert np.abs(weights["bias"][256:]).max() == pytest.approx(bound, rel=0.05)
    assert np.abs(weights["bias_hn"]).max() == pytest.approx(bound, rel=0.05)
