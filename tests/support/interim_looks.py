"""Experiments that add seeds until decided, with runs that end as a test says and train nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from models.states import TERMINAL, RunState
from models.store import experiments, interim_looks
from models.store.database import Database
from models.store.metrics import rows
from models.store.run_life import runs
from models.store.tables import Look, Run

from support.stored import at, evaluation_row, stored_experiment

Accuracy = Callable[[Run], float | None]

CLEAR = {"equivalence_margin": 0.001}


def until_decided(
    database: Database, *, low: int = 6, high: int = 10, futility: bool = False, **changes: Any
) -> str:
    """A new experiment that starts with `low` seeds; its id. So few seeds are soon futile, hence
    its looks stop for that only where it is asked for."""
    seeds = {"until_decided": {"min": low, "max": high, "futility": futility}}
    with database.transaction() as session:
        return stored_experiment(session, seeds=seeds, decision=CLEAR, **changes).id


def clearly(run: Run) -> float:
    """`modified` does better under every seed."""
    return 0.7 + 0.001 * (run.seed % 5) + (0.05 + 0.002 * run.seed if run.arm == "modified" else 0)


def unclear(run: Run) -> float:
    """Every other arm is now above `vanilla` (or `plain`), now below."""
    return 0.7 + (0 if run.arm in ("vanilla", "plain") else 0.02 * (-1) ** run.seed)


def runs_of(database: Database, experiment_id: str) -> list[Run]:
    with database.reading() as session:
        return experiments.runs_of(session, experiment_id)


def end_runs(database: Database, experiment_id: str, accuracy: Accuracy) -> None:
    """End every run that waits, with this test accuracy; None lets it fail."""
    for run in runs_of(database, experiment_id):
        if run.state not in TERMINAL:
            end_run(database, run, accuracy(run))


def end_run(database: Database, run: Run, value: float | None) -> None:
    with database.transaction() as session:
        held = runs.claim(session, run.id, worker_id="w", cuda=True, now=at(1))
        assert held is not None
        runs.advance(session, run.id, held.attempt, run.steps, at(2))
        if value is not None:
            row = evaluation_row(run.steps, "test", accuracy=value)
            rows.append_evaluation(session, run.id, row)
        end = RunState.FAILED if value is None else RunState.SUCCEEDED
        runs.finish(session, run.id, held.attempt, end, now=at(3))


def take(database: Database, experiment_id: str, now: datetime | None = None) -> list[Run]:
    with database.transaction() as session:
        return interim_looks.take_due_look(session, experiment_id, now or at(10))


def plan_of(database: Database, experiment_id: str) -> list[Look]:
    with database.reading() as session:
        return interim_looks.looks_of(session, experiment_id)


def states(database: Database, experiment_id: str) -> list[str]:
    return [look.state for look in plan_of(database, experiment_id)]


def due(database: Database) -> list[str]:
    with database.reading() as session:
        return interim_looks.due(session)
