"""Experiments that tune their arms, with runs that end as a test says and train nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from models.states import TERMINAL, RunState
from models.store import experiments, setting_choices
from models.store.database import Database
from models.store.experiment_states import current_state
from models.store.metrics import rows
from models.store.run_life import runs
from models.store.tables import Run
from models.store.tuning import plan

from support.interim_looks import runs_of
from support.stored import at, evaluation_row, stored_experiment

GRID: dict[str, Any] = {"/optimizer/lr": [0.003, 0.01, 0.03]}
TUNING: dict[str, Any] = {"grid": GRID, "seeds": 2}

Value = Callable[[Run], float | None]
"""What a run ends with; None lets it fail."""


def rising(run: Run) -> float:
    """`vanilla` is best at its second setting, `modified` at its third."""
    best = 1 if run.arm == "vanilla" else 2
    return 0.8 - 0.05 * abs(run.setting - best) + 0.001 * (run.seed % 2)


def tuned(database: Database, **changes: Any) -> str:
    """A new experiment that tunes; its id."""
    with database.transaction() as session:
        return stored_experiment(session, **{"tuning": TUNING, **changes}).id


def end_runs(database: Database, experiment_id: str, value: Value) -> None:
    """End every run that waits."""
    for run in runs_of(database, experiment_id):
        if run.state not in TERMINAL:
            end_run(database, run, value(run))


def end_run(database: Database, run: Run, value: float | None, step: int | None = None) -> None:
    """End a run with this validation ROC-AUC and test accuracy, after its last step or this one; a
    tuning run is not tested."""
    last = run.steps if step is None else step
    with database.transaction() as session:
        held = runs.claim(session, run.id, worker_id="w", cuda=True, now=at(1))
        assert held is not None
        runs.advance(session, run.id, held.attempt, last, at(2))
        if value is not None:
            row = replace(evaluation_row(last), roc_auc=value)
            rows.append_evaluation(session, run.id, row)
        if value is not None and not run.tuning:
            tested = evaluation_row(last, "test", accuracy=value, loss=None)
            rows.append_evaluation(session, run.id, tested)
        end = RunState.FAILED if value is None else RunState.SUCCEEDED
        runs.finish(session, run.id, held.attempt, end, now=at(3))


def choose(database: Database, experiment_id: str) -> list[Run]:
    """Make the choice if it is due; the runs that were added."""
    with database.transaction() as session:
        return setting_choices.make_due_choice(session, experiment_id, at(10))


def due(database: Database) -> list[str]:
    with database.reading() as session:
        return plan.due(session)


def state_of(database: Database, experiment_id: str) -> str:
    """The state of the tuning."""
    with database.reading() as session:
        row = plan.tuning_of(session, experiment_id)
    assert row is not None
    return row.state


def chosen(database: Database, experiment_id: str) -> dict[str, int]:
    """By arm, where one choice is for all seeds."""
    with database.reading() as session:
        made = plan.chosen_settings(session, experiment_id)
    assert {seed for _, seed in made} <= {None}
    return {arm: setting for (arm, _), setting in made.items()}


def listed(database: Database, state: RunState) -> list[str]:
    with database.reading() as session:
        return [row.id for row, _ in experiments.list_experiments(session, state=state, limit=50)]


def state_everywhere(database: Database, experiment_id: str) -> RunState:
    """The experiment's state, which lists that are filtered by state must agree with."""
    with database.reading() as session:
        state, _ = current_state(session, experiment_id)
    assert [one for one in RunState if experiment_id in listed(database, one)] == [state]
    return state
