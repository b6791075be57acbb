"""Real workers tune, choose and compare, and one that dies in either phase changes no choice and no
bit of it."""

from typing import Any

import pytest
from sqlalchemy import update

from models.broker import submit
from models.files.run_files import RESAMPLED, SCORES, WEIGHTS
from models.states import TERMINAL, RunState
from models.store.experiments import runs_of
from models.store.tables import Run
from models.store.tuning.plan import chosen_settings

from support.spoiling import NEVER
from support.workers import Lab, attempt_pids, kill_attempt, wait_until

LR = "/optimizer/lr"
TUNED: dict[str, Any] = {
    "encoder": {"kind": "bag", "embedding_dim": 8},
    "steps": 60,
    "evaluate_every": 20,
    "checkpoint": "best_validation",
    "tuning": {"grid": {LR: [0.0001, 0.05]}, "seeds": 1},
}
SLOW = {"encoder": {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}, "steps": 250}


def _runs(lab: Lab, made: list[Run]) -> list[Run]:
    with lab.database.reading() as session:
        return runs_of(session, made[0].experiment_id)


def _ended(lab: Lab, made: list[Run]) -> list[Run]:
    """All six runs, once they have succeeded."""

    def there() -> list[Run]:
        now = _runs(lab, made)
        assert RunState.FAILED not in {run.state for run in now}, [run.reason for run in now]
        over = len(now) == 6 and {run.state for run in now} == {RunState.SUCCEEDED}
        return now if over else []

    found: list[Run] = wait_until("both phases", there)
    return found


def _everything(lab: Lab, runs: list[Run]) -> tuple[Any, dict[tuple[Any, ...], Any]]:
    """The choice, and the figures of every run by what it trains."""
    with lab.database.reading() as session:
        chosen = chosen_settings(session, runs[0].experiment_id)
    return chosen, {(run.arm, run.setting, run.seed, run.tuning): lab.figures(run) for run in runs}


def test_a_kill_in_each_phase_changes_no_choice_and_no_bit(embedded_lab: Lab) -> None:
    lab = embedded_lab
    lab.worker()
    spec = {**TUNED, **SLOW}
    calm = _everything(lab, _ended(lab, lab.create(**spec)))
    hurt = lab.create(**spec)
    lab.wait_for_checkpoint(hurt[0])
    kill_attempt(hurt[0])
    first = wait_until("a run of the comparison", lambda: _compared(lab, hurt))[0]
    lab.wait_for_checkpoint(first)
    kill_attempt(first)
    ended = _ended(lab, hurt)
    assert sorted(run.attempt for run in ended) == [1, 1, 1, 1, 2, 2]
    assert _everything(lab, ended) == calm
    assert calm[0].keys() == {("plain", None), ("masked", None)}


def _compared(lab: Lab, made: list[Run]) -> list[Run]:
    return [run for run in _runs(lab, made) if not run.tuning]


def test_a_tuning_run_trains_its_setting_is_never_tested_and_keeps_no_file(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.worker()
    runs = _ended(lab, lab.create(**TUNED))
    tuning = [run for run in runs if run.tuning]
    for run in tuning:
        _, evaluations, files, sha256 = lab.figures(run)
        assert {row["split"] for row in evaluations} == {"validation"}
        assert files == {}
        assert sha256 is not None
    low, high = (
        next(lab.figures(run)[0]["lr"] for run in tuning if run.setting == n) for n in (0, 1)
    )
    assert [b / a for a, b in zip(low, high, strict=True)] == pytest.approx([500] * 60)
    for run in runs:
        if not run.tuning:
            assert set(lab.figures(run)[2]) == {RESAMPLED, SCORES, WEIGHTS}


HALVED: dict[str, Any] = {
    **SLOW,
    "steps": 100,
    "evaluate_every": 10,
    "tuning": {
        "grid": {LR: [0.0001, 0.05, 0.02]},
        "seeds": 1,
        "halving": {"at": [0.2], "keep": 0.4},
    },
}


def test_halving_goes_on_from_the_stop_to_the_bits_of_a_training_that_never_stopped(
    embedded_lab: Lab,
) -> None:
    lab = embedded_lab
    lab.worker()
    without = {**HALVED["tuning"], "halving": None}
    whole = _tuning_figures(lab, lab.create(**{**HALVED, "tuning": without}))
    lab.spoiled.at(50, "0.3")  # so that a checkpoint is due after it
    lab.spoiled.at(60, NEVER)
    made = lab.create(**HALVED)
    wait_until("a run past the stop", lab.spoiled.is_used_up)
    (waiting,) = _past_the_stop(lab, made)
    kill_attempt(waiting)
    halved = _tuning_figures(lab, made)
    assert {run.steps for run in _runs(lab, made) if run.tuning} == {20, 100}
    to_the_end = {place: own for place, own in halved.items() if len(own[0]["step"]) == 100}
    assert len(to_the_end) == 4, "two settings of each arm"
    for place, own in halved.items():
        expected = whole[place]
        if place in to_the_end:
            assert own == expected
        else:
            steps, evaluations, _, _ = own
            assert steps == {name: series[:20] for name, series in expected[0].items()}
            assert evaluations == [row for row in expected[1] if row["step"] <= 20]
    again = next(run for run in _runs(lab, made) if run.id == waiting.id)
    assert (again.attempt, again.started_step >= 50) == (3, True)


def _past_the_stop(lab: Lab, made: list[Run]) -> list[Run]:
    return [run for run in _runs(lab, made) if run.tuning and attempt_pids(run)]


def _tuning_figures(lab: Lab, made: list[Run]) -> dict[tuple[Any, ...], Any]:
    for run in wait_until("the comparison", lambda: _compared(lab, made)):
        lab.cancel(run)  # nobody looks at it here
    wait_until("its end", lambda: all(run.state in TERMINAL for run in _compared(lab, made)))
    tuning = [run for run in _runs(lab, made) if run.tuning]
    return {(run.arm, run.setting, run.seed): lab.figures(run) for run in tuning}


def test_an_attempt_that_finds_the_checkpoint_of_the_stop_trains_no_further(
    embedded_lab: Lab,
) -> None:
    """As after a kill between the checkpoint and the end of the attempt that wrote it."""
    lab = embedded_lab
    lab.worker()
    first, *others = lab.create(announced=0, **HALVED)
    for run in others:
        lab.cancel(run)
    (rests,) = lab.wait_for_success(first)
    figures = lab.figures(rests)
    assert (rests.step, rests.steps, rests.attempt) == (20, 20, 1)
    with lab.database.transaction() as session:
        session.execute(update(Run).where(Run.id == first.id).values(state=RunState.QUEUED))
    submit(lab.app, first.id, first.device)
    (again,) = wait_until("a second attempt", lambda: _attempted(lab, first, 2))
    assert (again.step, again.started_step) == (20, 20)
    assert lab.figures(again) == figures


def _attempted(lab: Lab, run: Run, attempt: int) -> list[Run]:
    now = lab.run(run)
    return [now] if (now.attempt, now.state) == (attempt, RunState.SUCCEEDED) else []
