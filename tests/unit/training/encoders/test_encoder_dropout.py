"""Dropout in encoders over words: drawn from seed and step alone, in no evaluation, and the same in
a stack whatever its neighbours are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.specs.experiment import ExperimentSpec
from worker.training.data import pair_questions
from worker.training.encoders.dropout import kept_outputs
from worker.training.events import StepDone
from worker.training.loop import Training, train

from support.stack import trained
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

DATA = tiny_data()
ENCODERS: dict[str, dict[str, Any]] = {
    "lstm": {"embedding_dim": 8, "hidden_dim": 8},
    "gru": {"embedding_dim": 8, "hidden_dim": 8},
    "bag": {"embedding_dim": 8},
    "transformer": {"embedding_dim": 8},
}


def spec_of(kind: str = "lstm", dropout: float = 0.3, **changes: Any) -> ExperimentSpec:
    encoder = {"kind": kind, **ENCODERS[kind], "dropout": dropout}
    return tiny_spec(encoder=encoder, steps=6, evaluate_every=3, **changes)


def test_the_share_that_is_asked_for_is_left_out_anew_at_each_step() -> None:
    kept = kept_outputs(3, 5, 400, 50, 0.3)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert float(kept.mean()) == pytest.approx(0.7, abs=0.02)
    assert torch.equal(kept, kept_outputs(3, 5, 400, 50, 0.3))
    assert not torch.equal(kept, kept_outputs(3, 6, 400, 50, 0.3))
    assert not torch.equal(kept, kept_outputs(4, 5, 400, 50, 0.3))
    assert torch.equal(kept[:100], kept_outputs(3, 5, 100, 50, 0.3)), "in the questions' order"


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_step_leaves_out_entries_of_each_mean_and_an_evaluation_none(kind: str) -> None:
    encoder = Training(spec_of(kind), "vanilla", 0, DATA, "cpu").encoder
    questions = pair_questions(DATA, DATA.train[:16])
    plain = encoder.encode(questions).detach()
    encoder.begin_step(7, 2)
    dropped = encoder.encode(questions).detach()
    kept = kept_outputs(7, 2, len(plain), plain.shape[1], 0.3)
    expected = torch.nn.functional.normalize(plain * kept, dim=1)
    torch.testing.assert_close(dropped, expected)
    assert torch.equal(encoder.encode(questions).detach(), plain)


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_training_with_dropout_repeats_and_resumes_to_the_bit(kind: str, tmp_path: Path) -> None:
    spec = spec_of(kind)
    straight = list(train(spec, "vanilla", 3, DATA))
    assert figures(list(train(spec, "vanilla", 3, DATA))) == figures(straight)
    assert figures(killed_after_every_step(spec, "vanilla", 3, DATA, tmp_path)) == figures(straight)
    without = list(train(spec_of(kind, dropout=0), "vanilla", 3, DATA))
    assert figures(without) != figures(straight)


def test_a_slot_of_a_stack_has_the_dropout_of_a_training_alone() -> None:
    spec = spec_of(optimizer={"eps": 1e-3, "schedule": {"kind": "constant"}})
    told = trained(spec, [("vanilla", 1), ("modified", 2)], DATA, width=3)
    for index, (arm, seed) in enumerate((("vanilla", 1), ("modified", 2))):
        for one, other in zip(told[index], train(spec, arm, seed, DATA), strict=True):
            if isinstance(one, StepDone):
                assert isinstance(other, StepDone)
                assert one.loss == pytest.approx(other.loss, rel=1e-4)


def test_a_member_has_its_bits_whatever_its_neighbours_are() -> None:
    spec = spec_of()
    beside_one, beside_another = (
        trained(spec, [("vanilla", 1), other], DATA, width=3)
        for other in (("modified", 2), ("vanilla", 9))
    )
    assert figures(beside_one[0]) == figures(beside_another[0])
    alone = trained(spec, [("vanilla", 1)], DATA, width=3)
    assert figures(alone[0]) == figures(beside_one[0])


def test_all_arms_under_a_seed_lose_the_same_entries() -> None:
    spec = spec_of()
    first, second = (Training(spec, arm, 4, DATA, "cpu") for arm in ("vanilla", "modified"))
    questions = pair_questions(DATA, DATA.train[:8])
    vectors = []
    for training in (first, second):
        training.encoder.begin_step(training.draws.batch_order, 1)
        vectors.append(training.encoder.encode(questions).detach().numpy())
    np.testing.assert_array_equal(vectors[0], vectors[1])
