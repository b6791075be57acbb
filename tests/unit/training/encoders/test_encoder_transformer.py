"""The transformer by lengths against PyTorch's own over one padded and masked batch."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from worker.training.data import PAD
from worker.training.encoders.encoder import Encoder
from worker.training.encoders.initial import initial_weights
from worker.training.encoders.packing import pack
from worker.training.encoders.transformer import TransformerMeanEncoder, positions, tokens_by_length

from support.questions import encoder_of, encoder_spec, questions, some_questions

SMALL = {"embedding_dim": 8, "heads": 2, "feedforward_dim": 12, "layers": 2}


def reference(encoder: Encoder, texts: list[list[int]]) -> Tensor:
    """All questions padded to the longest, padding masked as keys and left out of the mean."""
    assert isinstance(encoder, TransformerMeanEncoder)
    width = encoder.embedding.shape[1]
    layer = torch.nn.TransformerEncoderLayer(
        width, SMALL["heads"], SMALL["feedforward_dim"], 0.0, batch_first=True, norm_first=True
    )
    norm = torch.nn.LayerNorm(width)
    stack = torch.nn.TransformerEncoder(layer, SMALL["layers"], norm, enable_nested_tensor=False)
    stack.to(encoder.embedding.dtype).load_state_dict(encoder.stack.state_dict())
    embedded = [encoder.embedding[torch.tensor(text)] for text in texts]
    lengths = torch.tensor([len(text) for text in texts])
    padded = pad_sequence(embedded, batch_first=True)
    is_padding = torch.arange(padded.shape[1]) >= lengths[:, None]
    inputs = padded + positions(padded.shape[1], width).to(padded)
    outputs = stack(inputs, src_key_padding_mask=is_padding)
    mean = outputs.masked_fill(is_padding[:, :, None], 0).sum(dim=1) / lengths[:, None]
    return torch.nn.functional.normalize(mean, dim=1)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@given(texts=some_questions)
@settings(deadline=None, max_examples=15)
def test_by_lengths_it_equals_torchs_own_over_a_masked_batch(
    dtype: torch.dtype, atol: float, texts: list[list[int]]
) -> None:
    encoder = encoder_of("transformer", **SMALL).to(dtype)
    ours = encoder.encode(questions(*texts))
    assert torch.allclose(ours, reference(encoder, texts), atol=atol)


def test_a_padded_question_is_the_reference_over_its_padding() -> None:
    encoder = encoder_of("transformer", padding="power_of_two", **SMALL).double()
    vectors = encoder.encode(questions([7, 8, 9], [5] * 6))
    assert torch.allclose(vectors[:1], reference(encoder, [[7, 8, 9, *[PAD] * 5]]), atol=1e-12)


@given(texts=some_questions)
@settings(deadline=None, max_examples=30)
def test_the_tokens_of_a_length_are_the_questions_of_that_length_word_by_word(
    texts: list[list[int]],
) -> None:
    packed = pack(questions(*texts), torch.device("cpu"))
    words = packed.distinct[packed.index]
    found = [row for tokens in tokens_by_length(packed) for row in words[tokens].tolist()]
    assert found == [list(text) for text in sorted(texts, key=len, reverse=True)]


def test_positions_are_the_papers_formula_for_any_length_and_width() -> None:
    for length, width in ((1, 1), (5, 8), (70, 7)):
        found = positions(length, width)
        assert found.shape == (length, width)
        for place in range(length):
            for i in range(width):
                angle = place / 10_000 ** (2 * (i // 2) / width)
                expected = math.cos(angle) if i % 2 else math.sin(angle)
                assert found[place, i].item() == pytest.approx(expected, abs=1e-12)


def test_the_order_of_words_matters() -> None:
    encoder = encoder_of("transformer", **SMALL)
    one, other = encoder.encode(questions([1, 2, 3], [3, 2, 1]))
    assert not torch.allclose(one, other, atol=1e-3)


def test_torch_weights_have_torchs_distributions() -> None:
    weights = initial_weights(encoder_spec("transformer", layers=1), 50, 0)
    theirs = torch.nn.TransformerEncoderLayer(128, 4, 256)
    for name, parameter in theirs.named_parameters():
        ours, values = weights[f"stack.layers.0.{name}"], parameter.detach().numpy()
        assert ours.shape == values.shape
        assert ours.std() == pytest.approx(values.std(), rel=0.15)
        assert np.abs(ours).max() == pytest.approx(np.abs(values).max(), rel=0.05)
        assert ours.mean() == pytest.approx(values.mean(), abs=0.02)


def test_trax_weights_have_traxs_distributions() -> None:
    weights = initial_weights(encoder_spec("transformer", init="trax"), 50, 0)
    layer = {n.removeprefix("stack.layers.1."): v for n, v in weights.items()}
    for name, bound in (
        ("self_attn.in_proj_weight", (6 / 256) ** 0.5),
        ("self_attn.out_proj.weight", (6 / 256) ** 0.5),
        ("linear1.weight", (6 / 384) ** 0.5),
        ("linear2.weight", (6 / 384) ** 0.5),
    ):
        assert np.abs(layer[name]).max() == pytest.approx(bound, rel=1e-3)
    for name in ("self_attn.in_proj_bias", "self_attn.out_proj.bias", "linear1.bias"):
        assert layer[name].std() == pytest.approx(1e-6, rel=0.2)
    assert (layer["norm1.weight"] == 1).all()


def test_more_layers_leave_the_first_ones_as_they_are() -> None:
    one, two = (initial_weights(encoder_spec("transformer", layers=n), 50, 0) for n in (1, 2))
    assert all((two[name] == values).all() for name, values in one.items())
    name = "linear1.weight"
    assert (two[f"stack.layers.0.{name}"] != two[f"stack.layers.1.{name}"]).any()
