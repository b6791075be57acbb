"""What the times to an event read from the store, on both kinds of database."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from models.states import RunState
from models.store.database import Database
from models.store.experiments import runs_of
from models.store.metrics.loss_series import steps_above, validation_losses
from models.store.metrics.rows import append_evaluation, append_steps
from models.store.run_life import runs

from support.stored import at, evaluation_row, step_row, stored_experiment

ROWS = 256  # by which `step_row` divides


def end_run(session: Session, run_id: str, state: RunState, losses: Sequence[float]) -> None:
    """Carry a run out with these losses per row of its steps."""
    assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(1))
    rows = [step_row(step, loss=loss * ROWS) for step, loss in enumerate(losses, start=1)]
    append_steps(session, run_id, rows)
    runs.advance(session, run_id, 1, len(losses), at(2))
    runs.finish(session, run_id, 1, state, now=at(3))


def test_steps_above_are_those_at_or_above_the_level_of_each_runs_arm(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 2})
        vanilla, modified, second, failed = (run.id for run in runs_of(session, made.id))
        end_run(session, vanilla, RunState.SUCCEEDED, [0.5, 0.25, 0.125, 0.375, 0.375, 0.125])
        end_run(session, modified, RunState.SUCCEEDED, [0.5, 0.25, 0.125, 0.375, 0.375, 0.125])
        end_run(session, second, RunState.SUCCEEDED, [0.125] * 12)
        end_run(session, failed, RunState.FAILED, [0.5, 0.125])
        found = steps_above(session, made.id, {"vanilla": 0.25, "modified": 0.5})
    assert found == {vanilla: [1, 2, 4, 5], modified: [1]}


def test_of_arms_without_a_level_no_step_is_read(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        vanilla, modified = (run.id for run in runs_of(session, made.id))
        for run_id in (vanilla, modified):
            end_run(session, run_id, RunState.SUCCEEDED, [0.5, 0.125])
        assert steps_above(session, made.id, {}) == {}
        assert steps_above(session, made.id, {"modified": 0.25}) == {modified: [1]}


def test_validation_losses_are_those_of_succeeded_runs_by_step(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        succeeded, running = (run.id for run in runs_of(session, made.id))
        end_run(session, succeeded, RunState.SUCCEEDED, [0.5])
        for run_id in (succeeded, running):
            for step in (20, 10):
                row = evaluation_row(step, loss=step * 2.56, accuracy=step / 100)
                append_evaluation(session, run_id, row)
            append_evaluation(session, run_id, evaluation_row(20, "test", loss=None))
        found = validation_losses(session, made.id)
    assert found.keys() == {succeeded}
    figures = [
        (one.step, one.loss_per_row, one.baseline_loss, one.accuracy) for one in found[succeeded]
    ]
    assert figures == [(10, 0.1, 25.6, 0.1), (20, 0.2, 51.2, 0.2)]
