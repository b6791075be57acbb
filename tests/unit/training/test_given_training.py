"""Trainings with given negatives: which there are in a batch, and that everything repeats."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.experiment import ExperimentSpec
from models.specs.losses import Anchors
from models.specs.training import NegativesSpec
from worker.training.batches import batch_rows
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.events import Evaluated, Started, StepDone
from worker.training.loop import Training, train
from worker.training.losses.batch import batch_of
from worker.training.losses.given_negatives import given_in_training, given_in_validation
from worker.training.losses.terms import batch_loss

from support.expect import expect
from support.training import (
    figures,
    killed_after_every_step,
    tiny_data,
    tiny_data_with_given,
    tiny_spec,
)

DATA = tiny_data_with_given()
CLOSEST = {"terms": [{"kind": "closest_negative"}]}
SIDES: tuple[Anchors, ...] = ("first", "second")


def candidates_of(data: RunData, question: int, *, validation: bool = False) -> list[int]:
    """By going through the whole table."""
    of = expect(object, data.given)
    table = of.validation if validation else of.train  # type: ignore[attr-defined]
    return [q for key, q in zip(*(column.tolist() for column in table), strict=True)
            if key == question]  # fmt: skip


def spec_of(**negatives: Any) -> ExperimentSpec:
    arms = [
        {"name": "vanilla", "loss": CLOSEST},
        {"name": "given", "loss": CLOSEST, "negatives": {"given": 2, **negatives}},
    ]
    return tiny_spec(arms=arms, batch_size=8)


@given(
    most=st.integers(1, 4),
    anchors=st.sampled_from(SIDES),
    step=st.integers(1, 40),
    seed=st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_each_anchor_has_its_own_as_many_as_asked_for_or_as_there_are(
    most: int, anchors: Anchors, step: int, seed: int
) -> None:
    rows = batch_rows(DATA.train, seed, step, 16)
    found = given_in_training(DATA, rows, NegativesSpec(given=most), anchors, seed, step)
    assert found is not None
    by_owner: dict[int, list[int]] = {}
    for owner, question in zip(found.owners.tolist(), found.questions.tolist(), strict=True):
        by_owner.setdefault(owner, []).append(question)
    for place, row in enumerate(rows.tolist()):
        there = candidates_of(DATA, 2 * row + SIDES.index(anchors))
        own = by_owner.get(place, [])
        assert len(own) == min(most, len(there))
        assert not Counter(own) - Counter(there)
    again = given_in_training(DATA, rows, NegativesSpec(given=most), anchors, seed, step)
    assert again is not None
    assert (again.questions == found.questions).all()


def test_an_arm_with_one_has_the_first_of_an_arm_with_two() -> None:
    rows = batch_rows(DATA.train, 0, 3, 32)
    one, two = (
        given_in_training(DATA, rows, NegativesSpec(given=most), "first", 0, 3) for most in (1, 2)
    )
    assert one is not None
    assert two is not None
    for owner, question in zip(one.owners.tolist(), one.questions.tolist(), strict=True):
        assert two.questions[two.owners == owner][0] == question


def test_all_of_an_anchor_are_drawn_sooner_or_later_and_equally_often() -> None:
    rows = DATA.train[[len(candidates_of(DATA, 2 * r)) == 3 for r in DATA.train.tolist()]][:1]
    drawn: Counter[int] = Counter()
    for step in range(1, 601):
        found = given_in_training(DATA, rows, NegativesSpec(given=1), "first", 7, step)
        assert found is not None
        drawn.update(found.questions.tolist())
    there = Counter(candidates_of(DATA, int(2 * rows[0])))
    assert drawn.keys() == there.keys()
    assert all(abs(drawn[q] - 200 * count) < 60 for q, count in there.items())


def test_what_is_only_measured_has_the_first_ones_of_the_validation_part() -> None:
    rows = DATA.validation_duplicates[:12]
    found = given_in_validation(DATA, rows, NegativesSpec(given=2), "second")
    expected = [
        (place, question)
        for place, row in enumerate(rows.tolist())
        for question in candidates_of(DATA, 2 * row + 1, validation=True)[:2]
    ]
    assert found is not None
    assert [*zip(found.owners.tolist(), found.questions.tolist(), strict=True)] == expected


@pytest.mark.parametrize("encoder", ["lstm", "transformer"])
@pytest.mark.parametrize("negatives", [{}, {"in_batch": False}], ids=["beside the batch", "alone"])
def test_a_training_that_is_killed_after_every_step_has_the_same_bits(
    encoder: str, negatives: dict[str, Any], tmp_path: Path
) -> None:
    spec = spec_of(**negatives).model_copy(update={"steps": 5, "evaluate_every": 2})
    if encoder == "transformer":
        of_kind = tiny_spec(encoder={"kind": "transformer", "embedding_dim": 8}).encoder
        spec = spec.model_copy(update={"encoder": of_kind})
    straight = list(train(spec, "given", 3, DATA))
    assert figures(list(train(spec, "given", 3, DATA))) == figures(straight)
    assert figures(killed_after_every_step(spec, "given", 3, DATA, tmp_path)) == figures(straight)


def test_the_first_loss_is_that_of_the_questions_encoded_one_by_one() -> None:
    spec = spec_of()
    training = Training(spec, "given", 0, DATA, "cpu")
    rows = batch_rows(DATA.train, 0, 1, 8)
    found = given_in_training(DATA, rows, NegativesSpec(given=2), "first", 0, 1)
    assert found is not None

    def vector(question: int) -> torch.Tensor:
        pair = training.encoder.encode_pairs(DATA, np.array([question // 2]))
        return pair[question % 2].detach()

    anchors = torch.stack([vector(2 * row) for row in rows.tolist()])
    others = [2 * row + 1 for row in rows.tolist()] + found.questions.tolist()
    positives = torch.stack([vector(question) for question in others])
    expected = batch_loss(spec.arm("given").loss, batch_of(anchors, positives, step=1))
    assert training.advance().loss == pytest.approx(expected.item(), rel=1e-5)


def test_given_negatives_alone_leave_out_the_pairs_and_the_columns_of_others() -> None:
    spec = spec_of(in_batch=False)
    training = Training(spec, "given", 0, DATA, "cpu")
    having = [row for row in DATA.train.tolist() if candidates_of(DATA, 2 * row)]
    assert training.data.train.tolist() == having
    assert len(having) < len(DATA.train)
    done = training.advance()
    # every negative is its anchor's own, so the two means are one
    assert done.s_given_mean == pytest.approx(done.s_an_mean, abs=1e-6)
    assert done.harder_share < 1


def test_gauges_of_an_arm_without_given_negatives_are_null_and_its_bits_those_of_before() -> None:
    spec = spec_of()
    plain = list(train(spec, "vanilla", 0, DATA))
    assert {(e.s_given_mean, e.given_harder_share) for e in plain if isinstance(e, StepDone)} == {
        (None, None)
    }
    assert figures(list(train(spec, "given", 0, DATA))) != figures(plain)
    alone = tiny_spec(arms=[{"name": "vanilla", "loss": CLOSEST}], batch_size=8)
    assert figures(list(train(alone, "vanilla", 0, tiny_data()))) == figures(plain)


def test_the_baselines_loss_is_measured_with_its_own_negatives_in_every_arm() -> None:
    spec = spec_of()
    turned = spec.model_copy(
        update={"decision": spec.decision.model_copy(update={"baseline": "given"})}
    )
    of_given = [e for e in train(turned, "given", 0, DATA) if isinstance(e, Evaluated)]
    assert [e.baseline_loss for e in of_given] == [e.loss for e in of_given]
    first = next(e for e in train(turned, "vanilla", 0, DATA) if isinstance(e, Evaluated))
    assert expect(float, first.baseline_loss) > expect(float, first.loss)


def test_a_checkpoint_with_other_given_negatives_is_not_used(tmp_path: Path) -> None:
    spec = spec_of()
    checkpoints = Checkpoints(tmp_path, due=lambda step: step == 3)
    straight = list(train(spec, "given", 0, DATA, checkpoints=checkpoints))
    other = tiny_data_with_given(seed=0)
    of = expect(object, other.given)
    of.train.questions[:] = of.train.questions[::-1].copy()  # type: ignore[attr-defined]
    again = Checkpoints(tmp_path, due=lambda step: step > 99)
    assert next(train(spec, "given", 0, other, checkpoints=again)) == Started(0)
    resumed = list(train(spec, "given", 0, DATA, checkpoints=again))
    assert resumed[0] == Started(3)
    assert figures(resumed)[1:] == figures(straight)[1:]
