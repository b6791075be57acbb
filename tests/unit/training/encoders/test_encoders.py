"""The encoders against PyTorch's own layers, and what padding may and may not change."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from models.specs.training import BagEncoder, LstmEncoder
from worker.training.data import PAD, pad_to_power_of_two
from worker.training.encoders import lstm_cells
from worker.training.encoders.build import build_encoder
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.initial import initial_weights
from worker.training.encoders.lstm import LstmMeanEncoder

from support.questions import (
    KINDS,
    WORDS,
    encoder_of,
    gradient_of,
    questions,
    some_questions,
)


def reference(encoder: Encoder, text: list[int]) -> Tensor:
    """One question alone through `torch.nn.LSTM`, then the mean over time, scaled to length 1."""
    assert isinstance(encoder, LstmMeanEncoder)
    layer = torch.nn.LSTM(encoder.embedding.shape[1], encoder.weight_hh.shape[1])
    weights = {
        "weight_ih_l0": encoder.weight_ih,
        "weight_hh_l0": encoder.weight_hh,
        "bias_ih_l0": encoder.bias,
        "bias_hh_l0": torch.zeros_like(encoder.bias),
    }
    embedded = encoder.embedding[torch.tensor(text)]
    outputs, _ = torch.func.functional_call(layer, weights, (embedded,))
    return torch.nn.functional.normalize(outputs.mean(dim=0), dim=0)


def lstm_encoder(**fields: Any) -> Encoder:
    spec = LstmEncoder(kind="lstm", embedding_dim=6, hidden_dim=5, **fields)
    return build_encoder(spec, initial_weights(spec, WORDS, 3)).double()


@given(texts=some_questions)
@settings(deadline=None, max_examples=60)
def test_the_packed_lstm_equals_torchs_own_on_each_question_alone(texts: list[list[int]]) -> None:
    encoder = lstm_encoder()
    together = encoder.encode(questions(*texts))
    alone = torch.stack([reference(encoder, text) for text in texts])
    assert torch.allclose(together, alone, atol=1e-12)


@given(texts=some_questions)
@settings(deadline=None, max_examples=30)
def test_the_packed_lstm_has_the_gradients_of_torchs_own(texts: list[list[int]]) -> None:
    gradients = []
    for through_torch in (False, True):
        encoder = lstm_encoder()
        if through_torch:
            vectors = torch.stack([reference(encoder, text) for text in texts])
        else:
            vectors = encoder.encode(questions(*texts))
        weights = torch.arange(vectors.numel(), dtype=torch.float64).reshape(vectors.shape)
        (vectors * weights.sin()).sum().backward()
        gradients.append([gradient_of(parameter) for parameter in encoder.parameters()])
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-10)


@given(texts=some_questions)
@settings(deadline=None, max_examples=30)
def test_the_lstm_without_gradients_gives_the_same_vectors(texts: list[list[int]]) -> None:
    encoder = lstm_encoder()
    with torch.no_grad():
        quick = encoder.encode(questions(*texts))
    assert torch.allclose(quick, encoder.encode(questions(*texts)), atol=1e-12)


def test_on_a_gpu_the_lstm_has_the_same_numbers_from_pytorch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PyTorch's functions, as a GPU takes them, on this CPU."""
    texts = [[word % 5, *range(word % 7)] for word in range(150)]  # more than are done at a time

    def vectors_and_gradients() -> list[Tensor]:
        encoder = lstm_encoder()
        vectors = encoder.encode(questions(*texts))
        (vectors * torch.arange(5).sin()).sum().backward()
        return [vectors.detach(), *(gradient_of(one) for one in encoder.parameters())]

    expected = vectors_and_gradients()
    monkeypatch.setattr(lstm_cells, "is_on_cpu", lambda _tensor: False)
    monkeypatch.setattr(np, "tanh", None)  # so none of NumPy's can be in it
    for ours, theirs in zip(vectors_and_gradients(), expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


def test_a_second_backward_pass_through_the_lstm_is_refused() -> None:
    vectors = lstm_encoder().encode(questions([1, 2, 3], [3, 3]))
    loss = (vectors * torch.arange(5).sin()).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="computed before"):
        loss.backward()


@pytest.mark.parametrize("kind", KINDS)
def test_a_masked_question_has_the_same_vector_in_any_batch_up_to_rounding(kind: str) -> None:
    encoder = encoder_of(kind)  # of the default width, since rounding grows with it
    draws = np.random.default_rng(7)
    texts = [draws.integers(0, WORDS, size=draws.integers(1, 40)).tolist() for _ in range(128)]
    with torch.no_grad():
        alone = torch.cat([encoder.encode(questions(text)) for text in texts])
        among = encoder.encode(questions(*texts))
    bound = 0.0 if kind == "bag" else 1e-6
    assert (alone - among).abs().max().item() <= bound


@pytest.mark.parametrize("kind", KINDS)
def test_a_padded_question_depends_on_the_longest_of_its_batch(kind: str) -> None:
    encoder = encoder_of(kind, padding="power_of_two", init="trax", seed=0)
    alone = encoder.encode(questions([2, 3, 4]))[0]
    among = encoder.encode(questions([2, 3, 4], [5] * 30))[0]
    assert not torch.allclose(alone, among, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_encoding_in_eval_mode_without_gradients_gives_the_same_vectors(kind: str) -> None:
    encoder = encoder_of(kind, embedding_dim=8).double()
    some = questions([1, 2, 3], [4], [5] * 9, [3, 2, 1])
    expected = encoder.encode(some)
    with torch.no_grad():
        assert torch.allclose(encoder.encode(some), expected, atol=1e-12)
        assert torch.allclose(encoder.eval().encode(some), expected, atol=1e-12)


@pytest.mark.parametrize("init", ["torch", "trax"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_has_a_gradient_and_takes_its_values_from_the_seed_alone(
    kind: str, init: str
) -> None:
    torch.manual_seed(1)
    encoder = encoder_of(kind, init=init)
    torch.manual_seed(2)
    again, other = encoder_of(kind, init=init), encoder_of(kind, init=init, seed=4)
    first, second = encoder.encode(questions([1, 2, 3], [3, 4, 2, 2])).chunk(2)
    (first * second).sum().backward()
    for name, weights in encoder.named_parameters():
        assert weights.grad is not None, name
        assert torch.equal(weights, again.get_parameter(name))
    assert any(not torch.equal(w, other.get_parameter(n)) for n, w in encoder.named_parameters())


def test_padding_goes_to_the_next_power_of_two_of_the_longest_question() -> None:
    padded = pad_to_power_of_two(questions([7, 8, 9], [5, 5, 5, 5, 5]))
    assert padded.lengths.tolist() == [8, 8]
    assert padded.ids.tolist() == [7, 8, 9, *[PAD] * 5, 5, 5, 5, 5, 5, PAD, PAD, PAD]
    assert pad_to_power_of_two(questions([7, 8, 9, 9])).ids.tolist() == [7, 8, 9, 9]


def test_a_padded_question_is_the_reference_over_its_padding() -> None:
    encoder = lstm_encoder(padding="power_of_two")
    vectors = encoder.encode(questions([7, 8, 9], [5] * 6))
    padded = reference(encoder, [7, 8, 9, *[PAD] * 5])
    assert torch.allclose(vectors[0], padded, atol=1e-12)


def test_the_bag_is_the_mean_of_its_embeddings() -> None:
    spec = BagEncoder(kind="bag", embedding_dim=4)
    encoder = build_encoder(spec, initial_weights(spec, WORDS, 0))
    expected = torch.nn.functional.normalize(
        encoder.embedding[torch.tensor([1, 1, 5])].mean(0), dim=0
    )
    assert torch.allclose(encoder.encode(questions([2], [1, 1, 5]))[1], expected, atol=1e-6)


def test_trax_weights_have_traxs_distributions() -> None:
    weights = initial_weights(LstmEncoder(kind="lstm", init="trax"), 5_000, 0)
    assert np.abs(weights["embedding"]).max() == pytest.approx((3 / 128) ** 0.5, rel=1e-3)
    glorot = (6 / (256 + 512)) ** 0.5
    assert np.abs(weights["weight_ih"]).max() == pytest.approx(glorot, rel=1e-3)
    assert np.abs(weights["weight_hh"]).max() == pytest.approx(glorot, rel=1e-3)
    assert np.abs(weights["bias"] - 1).max() < 1e-5


def test_torch_weights_have_torchs_distributions() -> None:
    weights = initial_weights(LstmEncoder(kind="lstm"), 5_000, 0)
    assert weights["embedding"].std() == pytest.approx(1, abs=0.01)
    assert np.abs(weights["weight_hh"]).max() == pytest.approx(128**-0.5, rel=1e-3)
    assert 128**-0.5 < np.abs(weights["bias"]).max() < 2 * 128**-0.5


def test_a_larger_vocabulary_leaves_the_other_weights_as_they_are() -> None:
    spec = LstmEncoder(kind="lstm", embedding_dim=8, hidden_dim=8)
    small, large = initial_weights(spec, 10, 5), initial_weights(spec, 20, 5)
    assert (small["embedding"] == large["embedding"][:10]).all()
    assert (small["weight_hh"] == large["weight_hh"]).all()
    assert (small["weight_hh"] != initial_weights(spec, 10, 6)["weight_hh"]).any()
