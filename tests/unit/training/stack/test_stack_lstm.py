"""The stack's LSTM against the one of a training alone, and against neighbours of any kind."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.specs.training import LstmEncoder
from worker.training.data import NO_QUESTIONS, Int64, pad_to_power_of_two, pair_questions
from worker.training.encoders.build import build_encoder
from worker.training.encoders.initial import initial_weights
from worker.training.encoders.lstm import LstmMeanEncoder
from worker.training.stack.encoder import StackEncoder, of_batch, unit_vectors
from worker.training.stack.layout import Layout
from worker.training.stack.slots import Slots

from support.expect import expect
from support.questions import gradient_of
from support.stack import stack_spec, wild_data

DATA = wild_data()
SHORT = np.flatnonzero(np.diff(DATA.offsets).reshape(-1, 2).max(axis=1) <= 8)
LONG = np.flatnonzero(np.diff(DATA.offsets).reshape(-1, 2).max(axis=1) > 16)
CPU = torch.device("cpu")


def encoder_spec(dims: tuple[int, int] = (8, 8), padding: str = "masked") -> LstmEncoder:
    d, h = dims
    encoder = {"kind": "lstm", "embedding_dim": d, "hidden_dim": h, "padding": padding}
    return expect(LstmEncoder, stack_spec(encoder=encoder).encoder)


def stack_of(
    spec: LstmEncoder, seeds: dict[int, int], width: int = 3
) -> tuple[Slots, StackEncoder, dict[int, LstmMeanEncoder]]:
    """A stack encoder whose slots have the initial weights of these seeds, and those encoders."""
    slots, alone = Slots(width, spec, DATA.vocabulary_size, CPU), {}
    for slot, seed in seeds.items():
        weights = initial_weights(spec, DATA.vocabulary_size, seed)
        alone[slot] = expect(LstmMeanEncoder, build_encoder(spec, weights))
        slots.give(slot, build_encoder(spec, weights))
    padded = spec.padding == "power_of_two"
    return slots, StackEncoder(slots, DATA, CPU, padded=padded), alone


def there_and_back(
    encoder: StackEncoder, batches: dict[int, Int64], seed: int = 0
) -> tuple[Layout, Tensor, Tensor, dict[str, Tensor]]:
    """Vectors and gradients of every slot, from a gradient that does not depend on the others."""
    (size,) = {len(rows) for rows in batches.values()}
    layout = encoder.layout(batches, dict.fromkeys(batches, NO_QUESTIONS), size)
    table = encoder.table(layout)
    totals = encoder.forward(layout.times, table).clone()
    torch.manual_seed(seed)
    gradient = torch.randn(totals.shape[1:]).expand_as(totals) * (table[5] > 0)[:, :, None]
    gradients = {name: one.clone() for name, one in encoder.backward(gradient).items()}
    return layout, totals, gradient, gradients


@pytest.mark.parametrize("padding", ["masked", "power_of_two"])
@pytest.mark.parametrize("dims", [(8, 8), (5, 3)])
def test_vectors_and_gradients_are_those_of_the_encoder_alone(
    dims: tuple[int, int], padding: str
) -> None:
    _, encoder, alone = stack_of(encoder_spec(dims, padding), {0: 1, 2: 2})
    batches = {0: np.concatenate((LONG[:3], DATA.train[:17])), 2: DATA.train[20:40]}
    layout, totals, gradient, gradients = there_and_back(encoder, batches)
    assert max(layout.times) > 16
    vectors = unit_vectors(totals, torch.from_numpy(layout.table[5]))
    for slot, rows in batches.items():
        expected = alone[slot].encode(pair_questions(DATA, rows))
        found = torch.cat(of_batch(vectors, 20), dim=1)[slot]
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
        sums = alone_sums(alone[slot], rows)
        sums.backward(gradient[slot].view(2, -1, dims[1])[:, :20].flatten(0, 1))
        for name, parameter in alone[slot].named_parameters():
            # thousands of gradients are added up for the padding that is read
            alone_gradient = gradient_of(parameter)
            error = (gradients[name][slot] - alone_gradient).abs().max()
            assert error <= 1e-4 * alone_gradient.abs().max(), name


def alone_sums(encoder: LstmMeanEncoder, rows: Int64) -> Tensor:
    """The sums over time of the encoder alone, in the batch's order."""
    questions = pair_questions(DATA, rows)
    if encoder.padded:
        questions = pad_to_power_of_two(questions)
    return encoder.means(questions) * torch.from_numpy(questions.lengths)[:, None]


@settings(max_examples=15)
@given(seed=st.integers(0, 99), dims=st.sampled_from([(8, 8), (5, 3), (3, 1), (16, 16)]))
def test_neighbours_with_much_longer_questions_change_no_bit(
    seed: int, dims: tuple[int, int]
) -> None:
    draw = np.random.default_rng(seed)
    short, long = draw.choice(SHORT, 20), draw.choice(LONG, 20)
    _, encoder, _ = stack_of(encoder_spec(dims), {0: 1, 1: 2, 2: 3})
    alone = there_and_back(encoder, {1: short})
    among = there_and_back(encoder, {0: long, 1: short, 2: long})
    assert alone[0].times != among[0].times
    assert torch.equal(alone[1][1], among[1][1])
    for name, gradient in alone[3].items():
        assert torch.equal(gradient[1], among[3][name][1]), name


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_neighbour_whose_weights_are_no_numbers_changes_no_bit(bad: float) -> None:
    slots, encoder, _ = stack_of(encoder_spec(), {0: 1, 1: 2})
    batches = {0: DATA.train[:20], 1: DATA.train[20:40]}
    sound = there_and_back(encoder, batches)
    for weights in slots.of(0).values():
        weights.fill_(bad)
    among = there_and_back(encoder, batches)
    assert among[1][0].isnan().any()
    assert torch.equal(sound[1][1], among[1][1])
    for name, gradient in sound[3].items():
        assert torch.equal(gradient[1], among[3][name][1]), name
    slots.clear(0)
    assert all(one.isfinite().all() for one in there_and_back(encoder, batches)[3].values())


def test_a_word_that_no_question_of_a_slot_has_gets_no_gradient() -> None:
    _, encoder, _ = stack_of(encoder_spec(), {0: 1, 1: 2})
    rows = DATA.train[:6]
    gradient = there_and_back(encoder, {0: rows})[3]["embedding"]
    words = set(pair_questions(DATA, rows).ids.tolist())
    others = [word for word in range(DATA.vocabulary_size) if word not in words]
    assert others
    assert (gradient[0, others] == 0).all()
    assert (gradient[1:] == 0).all()


def test_a_slot_and_the_encoder_that_was_given_it_have_the_same_weights() -> None:
    spec = encoder_spec()
    slots = Slots(3, spec, DATA.vocabulary_size, CPU)
    encoder = build_encoder(spec, initial_weights(spec, DATA.vocabulary_size, 5))
    assert isinstance(encoder, LstmMeanEncoder)
    before = {name: one.clone() for name, one in encoder.state_dict().items()}
    slots.give(1, encoder)
    assert all(torch.equal(before[name], one) for name, one in slots.of(1).items())
    slots.bias[1, 0] = 7
    assert encoder.bias[0] == 7
    encoder.load_state_dict(before)
    assert torch.equal(slots.of(1)["bias"], before["bias"])


@pytest.mark.parametrize("dims", [(8, 8), (5, 3), (1, 1)])
def test_every_slot_begins_at_the_same_alignment(dims: tuple[int, int]) -> None:
    slots = Slots(3, encoder_spec(dims), DATA.vocabulary_size, CPU)
    for name in slots.of(0):
        first, *others = (slots.of(slot)[name].data_ptr() for slot in range(3))
        assert all((other - first) % 256 == 0 for other in others)
        assert all(slots.of(slot)[name].is_contiguous() for slot in range(3))
