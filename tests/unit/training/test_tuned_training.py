"""A run under a setting: it trains the setting, is measured by the one yardstick of all runs, and a
tuning run never reads a test pair."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from models.specs.tuned_arms import for_run
from worker.training.data import RunData
from worker.training.evaluation import validation_losses
from worker.training.events import Evaluated, Finished, StepDone
from worker.training.loop import train
from worker.training.stack.loop import Member, Stack
from worker.training.state import TrainingState, identity_of

from support.stack import told_by
from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
TUNING: dict[str, Any] = {"grid": {"/loss/margin": [0.1, 0.5], "/optimizer/lr": [0.01, 0.02]}}
SPEC = tiny_spec(tuning=TUNING)


def unreadable_test(data: RunData) -> RunData:
    """The same pairs, but whoever reads one of the test meets an error."""
    return dataclasses.replace(data, test=np.full_like(data.test, 10**9))


@pytest.mark.parametrize("setting", range(4))
def test_a_run_under_a_setting_is_that_of_a_spec_that_says_so_itself(setting: int) -> None:
    margin, lr = [(m, rate) for m in (0.1, 0.5) for rate in (0.01, 0.02)][setting]
    arms = [
        {**arm, "loss": {**arm["loss"], "margin": margin}}
        for arm in SPEC.model_dump(mode="json")["arms"]
    ]
    schedule = {"kind": "constant"}
    plain = tiny_spec(arms=arms, optimizer={"lr": lr, "schedule": schedule})
    for arm in ("vanilla", "modified"):
        tuned = list(train(for_run(SPEC, arm, setting), arm, 3, DATA))
        alone = list(train(plain, arm, 3, DATA))
        assert [e for e in tuned if isinstance(e, StepDone)] == [
            e for e in alone if isinstance(e, StepDone)
        ]
        assert figures(tuned)[1:] == figures(alone)[1:]


def test_the_yardstick_is_the_baselines_loss_as_the_spec_has_it_under_every_setting() -> None:
    encoder = TrainingState(for_run(SPEC, "vanilla", 0), "vanilla", 3, DATA, "cpu").encoder
    untuned = SPEC.model_copy(update={"tuning": None})
    yardstick = validation_losses(encoder, untuned, "vanilla", DATA)[0]
    for arm in ("vanilla", "modified"):
        found = [
            validation_losses(encoder, for_run(SPEC, arm, setting), arm, DATA)
            for setting in range(4)
        ]
        assert {baseline for _, baseline in found} == {yardstick}
        assert len({own for own, _ in found}) == 2, "its own loss has the margin of the setting"


def test_a_run_that_is_not_tested_reads_no_test_pair_and_trains_the_same_bits() -> None:
    run = for_run(SPEC, "modified", 1)
    untested = list(train(run, "modified", 3, unreadable_test(DATA), tested=False))
    tested = list(train(run, "modified", 3, DATA))
    assert {e.split for e in untested if isinstance(e, Evaluated)} == {"validation"}
    assert figures(untested)[3] == figures(tested)[3]
    last = untested[-1]
    assert isinstance(last, Finished)
    assert len(last.scores) == 0
    with pytest.raises(IndexError):
        list(train(run, "modified", 3, unreadable_test(DATA)))


def test_runs_under_several_settings_share_a_stack_and_each_is_as_alone_in_one() -> None:
    runs = [(arm, setting) for arm in ("vanilla", "modified") for setting in (0, 3)]

    def member(arm: str, setting: int) -> Member:
        return Member(arm, 3, spec=for_run(SPEC, arm, setting), tested=setting == 3)

    together = told_by(Stack(SPEC, [member(*run) for run in runs], DATA, width=4))
    for index, (arm, setting) in enumerate(runs):
        alone = told_by(Stack(SPEC, [member(arm, setting)], DATA, width=4))[0]
        assert figures(together[index]) == figures(alone)
        splits = {e.split for e in alone if isinstance(e, Evaluated)}
        assert ("test" in splits) == (setting == 3)


def test_a_checkpoint_of_one_setting_is_not_taken_for_that_of_another() -> None:
    ids = {identity_of(for_run(SPEC, "vanilla", n), "vanilla", 0, "data", "cpu") for n in range(4)}
    assert len(ids) == 4
