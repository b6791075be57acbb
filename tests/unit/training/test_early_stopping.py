"""A run whose validation no longer improves ends early, and at the same step after any kill."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.specs.experiment import ExperimentSpec
from models.specs.training import EarlyStop
from worker.training.early_stopping import EarlyStopping
from worker.training.events import Evaluated, Finished
from worker.training.loop import train

from support.expect import expect
from support.measured import measured_evaluation
from support.training import figures, killed_after_every_step, tiny_data, tiny_spec

DATA = tiny_data()


def evaluated(step: int, **changes: Any) -> Evaluated:
    return Evaluated(step=step, split="validation", **measured_evaluation(**changes))


def first_end(
    spec: EarlyStop | None, values: Sequence[float | None], name: str = "loss"
) -> int | None:
    """After how many of these figures the run ends; None when it goes on after all of them."""
    stopping = EarlyStopping(spec)
    for count, value in enumerate(values, start=1):
        stopping.see(evaluated(count, **{name: value}))
        if stopping.reason:
            return count
    return None


coarse = st.integers(0, 6).map(float)  # so that equal figures are common


@given(st.lists(coarse, max_size=30), st.integers(1, 4))
def test_it_ends_when_none_of_the_last_evaluations_beat_all_before(
    values: list[float], patience: int
) -> None:
    expected = next(
        (
            end
            for end in range(patience + 1, len(values) + 1)
            if min(values[end - patience : end]) >= min(values[: end - patience])
        ),
        None,
    )
    assert first_end(EarlyStop(patience=patience), values) == expected


@given(st.lists(coarse, max_size=30), st.integers(1, 4))
def test_figures_other_than_losses_improve_by_rising(values: list[float], patience: int) -> None:
    spec = EarlyStop(patience=patience, metric="validation.accuracy")
    fallen = [-value for value in values]
    expected = first_end(EarlyStop(patience=patience), fallen)
    assert first_end(spec, values, "accuracy") == expected


def test_an_improvement_of_min_delta_or_less_is_none() -> None:
    spec = EarlyStop(patience=2, min_delta=0.5)
    assert first_end(spec, [4.0, 3.5, 3.5]) == 3
    assert first_end(spec, [4.0, 3.75, 3.25, 3.0]) is None  # small steps add up


def test_a_rank_that_does_not_exist_never_improves() -> None:
    spec = EarlyStop(patience=3, metric="validation.roc_auc")
    assert first_end(spec, [None] * 5, "roc_auc") == 3


def test_without_a_spec_nothing_ends_a_run() -> None:
    assert first_end(None, [1.0] * 100) is None


@given(st.lists(coarse, min_size=1, max_size=12), st.integers(1, 3), st.data())
def test_a_count_taken_up_again_ends_where_it_would_have(
    values: list[float], patience: int, data: st.DataObject
) -> None:
    spec = EarlyStop(patience=patience)
    cut = data.draw(st.integers(0, len(values)))
    straight, before, after = (EarlyStopping(spec) for _ in range(3))
    for step, value in enumerate(values):
        straight.see(evaluated(step, loss=value))
    for step, value in enumerate(values[:cut]):
        before.see(evaluated(step, loss=value))
    after.load(before.state())
    for step, value in enumerate(values[cut:], start=cut):
        after.see(evaluated(step, loss=value))
    assert after.reason == straight.reason


def stopping_spec(**changes: Any) -> ExperimentSpec:
    """Evaluated at every second step, and nothing but the first counts as an improvement."""
    stop = {"patience": 2, "min_delta": 1000.0}
    return tiny_spec(steps=50, evaluate_every=2, early_stop=stop, **changes)


def test_a_training_ends_at_the_evaluation_that_used_up_its_patience() -> None:
    events = list(train(stopping_spec(), "vanilla", 0, DATA))
    steps = [(e.step, e.split) for e in events if isinstance(e, Evaluated)]
    assert steps == [(2, "validation"), (4, "validation"), (6, "validation"), (6, "test")]
    end = expect(Finished, events[-1])
    assert (end.step, end.kept_step) == (6, 6)
    assert end.stopped_early == "validation.loss has not improved in 2 evaluations"


def test_it_is_the_same_training_as_one_of_fewer_steps() -> None:
    short = list(train(tiny_spec(steps=6, evaluate_every=2), "vanilla", 0, DATA))
    stopped = list(train(stopping_spec(), "vanilla", 0, DATA))
    assert figures(stopped)[0] == figures(short)[0]
    assert figures(stopped)[2:] == figures(short)[2:]
    assert expect(Finished, short[-1]).stopped_early is None


@pytest.mark.parametrize("checkpoint", ["last", "best_validation"])
def test_it_ends_at_the_same_step_with_the_same_bits_wherever_it_was_killed(
    tmp_path: Path, checkpoint: str
) -> None:
    spec = stopping_spec(checkpoint=checkpoint)
    straight = list(train(spec, "modified", 0, DATA))
    events = killed_after_every_step(spec, "modified", 0, DATA, tmp_path)
    assert figures(events) == figures(straight)
    assert expect(Finished, straight[-1]).step < 50


def test_a_run_that_uses_up_its_patience_at_its_last_step_has_them_all() -> None:
    spec = stopping_spec().model_copy(update={"steps": 6})
    end = expect(Finished, list(train(spec, "vanilla", 0, DATA))[-1])
    assert end.step == 6
    assert end.stopped_early is None
