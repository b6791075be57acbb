"""Real workers tune, choose and compare, and one that dies in either phase changes no choice and no
bit of it."""

from typing import Any

import pytest

from models.states import RunState
from models.store.experiments import runs_of
from models.store.tables import Run
from models.store.tuning.plan import chosen_settings

from support.workers import Lab, kill_attempt, wait_until

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
            assert set(lab.figures(run)[2]) == {"scores.safetensors", "weights.safetensors"}
