"""`checkpoint: best_validation`: what is tested and kept did best on validation, never on test."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from models.specs.experiment import ExperimentSpec
from worker.training.data import RunData
from worker.training.events import Evaluated, Event, Finished
from worker.training.loop import train

from support.expect import expect
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

DATA = tiny_data()
# so fast that the validation loss rises again before the end
FAST = {"lr": 0.3, "schedule": {"kind": "constant"}}


def spec_that_keeps(which: str, **changes: Any) -> ExperimentSpec:
    return tiny_spec(
        **{"steps": 30, "evaluate_every": 3, "checkpoint": which, "optimizer": FAST, **changes}
    )


def run(spec: ExperimentSpec, data: RunData = DATA, seed: int = 0) -> list[Event]:
    return list(train(spec, "vanilla", seed, data))


def end_of(events: list[Event]) -> Finished:
    return expect(Finished, events[-1])


def validations(events: list[Event]) -> list[Evaluated]:
    return [e for e in events if isinstance(e, Evaluated) and e.split == "validation"]


def test_the_weights_kept_are_those_of_the_lowest_validation_loss() -> None:
    events = run(spec_that_keeps("best_validation"))
    best = min(validations(events), key=lambda e: expect(float, e.loss))
    end = end_of(events)
    assert (end.step, end.kept_step) == (30, best.step)
    assert 0 < best.step < 30, "the best must lie before the end, or this shows nothing"
    short = end_of(run(spec_that_keeps("last", steps=best.step)))
    assert end.scores.tobytes() == short.scores.tobytes()
    for name, weights in end.weights.items():
        assert weights.tobytes() == short.weights[name].tobytes()


def test_the_test_is_reported_at_the_step_of_the_weights_it_is_of() -> None:
    events = run(spec_that_keeps("best_validation"))
    (test,) = [e for e in events if isinstance(e, Evaluated) and e.split == "test"]
    assert test.step == end_of(events).kept_step


def test_choosing_changes_nothing_of_the_training() -> None:
    best, last = (run(spec_that_keeps(which)) for which in ("best_validation", "last"))
    assert figures(best)[0][:-1] == figures(last)[0][:-1]  # all but the test
    assert end_of(last).kept_step == 30
    assert end_of(best).kept_step != 30


def test_of_equal_evaluations_the_earliest_is_kept() -> None:
    """With an lr this small no float32 weight changes, so every evaluation is the same."""
    still = {"lr": 1e-30, "weight_shrink": 0.0, "schedule": {"kind": "constant"}}
    events = run(spec_that_keeps("best_validation", optimizer=still, steps=9))
    assert len({e.loss for e in validations(events)}) == 1
    assert end_of(events).kept_step == 3


def test_test_labels_have_no_say() -> None:
    labels = DATA.labels.copy()
    labels[DATA.test] = 1 - labels[DATA.test]
    flipped = dataclasses.replace(DATA, labels=labels)
    spec = spec_that_keeps("best_validation")
    ours, theirs = (end_of(run(spec, data)) for data in (DATA, flipped))
    assert ours.kept_step == theirs.kept_step
    assert ours.scores.tobytes() == theirs.scores.tobytes()


@pytest.mark.parametrize("encoder", ["lstm", "transformer"])
def test_the_best_weights_survive_a_kill_at_any_step(tmp_path: Path, encoder: str) -> None:
    network = {"kind": encoder, "embedding_dim": 8, "padding": "masked"}
    spec = spec_that_keeps("best_validation", steps=15, encoder=network)
    # weights are kept over a kill only where they are not the last; which seed's are not, roundings
    # decide, and so the machine does
    seed = next(seed for seed in range(50) if end_of(run(spec, seed=seed)).kept_step < 15)
    events = killed_after_every_step(spec, "vanilla", seed, DATA, tmp_path)
    assert figures(events) == figures(run(spec, seed=seed))
