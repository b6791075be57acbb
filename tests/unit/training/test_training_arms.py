"""Arms that override training fields: each trains with its own, and what stays paired does."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from models.specs.experiment import ExperimentSpec
from worker.training.batches import batch_rows
from worker.training.data import pair_questions
from worker.training.evaluation import evaluate_validation
from worker.training.events import Evaluated, Event, StepDone
from worker.training.loop import Training, train
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import batch_loss

from support.expect import expect
from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
OVERRIDES = {
    "optimizer": {"lr": 0.002},
    "encoder": {"kind": "gru", "embedding_dim": 4, "hidden_dim": 4},
    "batch_size": 8,
    "steps": 7,
    "evaluate_every": 3,
    "threshold": {"value": 0.4},
    "checkpoint": "best_validation",
}


def spec_with(overrides: dict[str, Any], **changes: Any) -> ExperimentSpec:
    """The forum's two arms, the second with these overrides."""
    vanilla, modified = tiny_spec().model_dump(mode="json")["arms"]
    return tiny_spec(arms=[vanilla, {**modified, **overrides}], **changes)


def run(spec: ExperimentSpec, arm: str, seed: int = 0) -> list[Event]:
    return list(train(spec, arm, seed, DATA))


@pytest.mark.parametrize("field", OVERRIDES)
def test_an_override_trains_as_a_spec_of_its_own_would(field: str) -> None:
    spec = spec_with({field: OVERRIDES[field]})
    whole = spec.for_arm("modified").model_dump(mode="json")[field]
    alone = tiny_spec(**{field: whole})
    assert all_but_the_yardstick(run(spec, "modified")) == all_but_the_yardstick(
        run(alone, "modified")
    )
    assert figures(run(spec, "vanilla")) == figures(run(tiny_spec(), "vanilla"))


def all_but_the_yardstick(events: list[Event]) -> tuple[list[StepDone | Evaluated], list[Any]]:
    """All figures but the baseline's loss, which is on the baseline's batches."""
    said, *rest = figures(events)
    return [
        dataclasses.replace(e, baseline_loss=None) if isinstance(e, Evaluated) else e for e in said
    ], rest


def test_arms_with_other_hyper_parameters_start_alike_on_the_same_batch() -> None:
    spec = spec_with({"optimizer": {"lr": 0.002}, "steps": 3})
    vanilla, modified = (expect(StepDone, run(spec, arm)[1]) for arm in ("vanilla", "modified"))
    assert vanilla.s_ap_mean == modified.s_ap_mean
    assert (vanilla.lr, modified.lr) == (0.01, 0.002)


def test_arms_with_other_batch_sizes_read_the_same_pairs_in_the_same_order() -> None:
    rows = np.arange(40)
    small = np.concatenate([batch_rows(rows, 5, step, 8) for step in range(1, 25)])
    large = np.concatenate([batch_rows(rows, 5, step, 24) for step in range(1, 9)])
    assert (small == large).all()


def test_the_baselines_loss_is_measured_on_the_baselines_batches_in_every_arm() -> None:
    spec = spec_with({"batch_size": 8})
    encoder = Training(spec, "modified", 0, DATA, "cpu").encoder
    found = evaluate_validation(encoder, spec, "modified", DATA, 5)
    for arm, size, measured in (
        ("modified", 8, found.loss),
        ("vanilla", 16, found.baseline_loss),
    ):
        losses = []
        for batch in range(2):
            rows = DATA.validation_duplicates[batch * size :][:size]
            first, second = encoder.encode(pair_questions(DATA, rows)).chunk(2)
            losses.append(batch_loss(spec.arm(arm).loss, batch_of(first, second)).item())
        assert measured == pytest.approx(np.mean(losses), rel=1e-6)
    assert found.loss_per_row == pytest.approx(expect(float, found.loss) / 8)


def test_the_threshold_of_an_arm_decides_on_validation_and_on_test() -> None:
    spec = spec_with({"threshold": {"value": -1}})
    evaluated = [e for e in run(spec, "modified") if isinstance(e, Evaluated)]
    assert {e.split for e in evaluated} == {"validation", "test"}
    assert all(e.predicted_positive == 1.0 for e in evaluated)
    assert any(e.predicted_positive < 1 for e in run(spec, "vanilla") if isinstance(e, Evaluated))
