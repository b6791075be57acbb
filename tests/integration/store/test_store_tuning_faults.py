"""What goes wrong while an experiment tunes, and what a person may do about it: failed runs, an arm
without a value, cancelling, retrying and deleting."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from models.errors import Conflict
from models.states import LookState, RunState
from models.store import experiments, interim_looks, retries
from models.store.database import Database
from models.store.run_life.cancelling import cancel_runs
from models.store.tables import Run
from models.store.tuning.plan import drop_tuning, tuning_of

from support.interim_looks import runs_of
from support.stored import at
from support.tuning import (
    choose,
    chosen,
    due,
    end_run,
    end_runs,
    rising,
    state_everywhere,
    state_of,
    tuned,
)

FIRST = 9_000_000


def cancel(database: Database, experiment_id: str) -> None:
    with database.transaction() as session:
        interim_looks.drop_looks(session, experiment_id, at(20))
        drop_tuning(session, experiment_id)
        cancel_runs(session, experiment_id, at(20))


def retry_all(database: Database, experiment_id: str) -> list[Run]:
    with database.transaction() as session:
        return retries.retry_all(session, experiment_id, at(30))


def test_a_cancelled_plan_chooses_nothing_and_a_retry_plans_it_again(database: Database) -> None:
    made = tuned(database)
    first, *_ = runs_of(database, made)
    end_run(database, first, rising(first))
    cancel(database, made)
    assert (due(database), choose(database, made)) == ([], [])
    assert (state_of(database, made), state_everywhere(database, made)) == ("dropped", "cancelled")
    assert len(retry_all(database, made)) == 11
    end_runs(database, made, rising)
    assert len(choose(database, made)) == 4
    assert chosen(database, made) == {"vanilla": 1, "modified": 2}


def test_a_cancellation_after_the_choice_leaves_it_and_a_retry_trains_the_same_settings(
    database: Database,
) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    choose(database, made)
    cancel(database, made)
    again = retry_all(database, made)
    assert state_of(database, made) == "chosen"
    assert {(run.arm, run.setting) for run in again} == {("vanilla", 1), ("modified", 2)}


def test_a_choice_and_a_cancellation_at_once_leave_no_run_behind(database: Database) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    start = Barrier(2)

    def act(hand: int) -> None:
        start.wait()
        choose(database, made) if hand else cancel(database, made)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, range(2)))
    assert {run.state for run in runs_of(database, made)} <= {"succeeded", "cancelled"}
    assert state_of(database, made) in ("chosen", "dropped")


def test_an_experiment_is_not_deleted_while_its_choice_is_due(database: Database) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    with pytest.raises(Conflict, match="choice of settings"), database.transaction() as session:
        experiments.delete_experiment(session, made)
    choose(database, made)
    end_runs(database, made, rising)
    with database.transaction() as session:
        experiments.delete_experiment(session, made)


def test_an_arm_without_any_value_ends_the_experiment_with_a_reason_and_a_retry_goes_on(
    database: Database,
) -> None:
    seeds = {"until_decided": {"min": 6, "max": 8}}
    made = tuned(database, seeds=seeds)
    end_runs(database, made, lambda run: None if run.arm == "modified" else rising(run))
    assert choose(database, made) == []
    with database.reading() as session:
        row = tuning_of(session, made)
        looks = interim_looks.looks_of(session, made)
    assert row is not None
    assert row.state == "failed"
    assert row.reason is not None
    assert "modified: none of the 6 tuning runs" in row.reason
    assert {look.state for look in looks} == {LookState.DROPPED}
    assert state_everywhere(database, made) == RunState.FAILED
    assert {run.arm for run in retry_all(database, made)} == {"modified"}
    end_runs(database, made, rising)
    assert len(choose(database, made)) == 12
    with database.reading() as session:
        assert {one.state for one in interim_looks.looks_of(session, made)} == {LookState.PLANNED}


def test_a_setting_with_a_run_that_failed_is_not_chosen_and_fails_no_experiment(
    database: Database,
) -> None:
    made = tuned(database)

    def best_diverges(run: Run) -> float | None:
        fails = run.tuning and run.arm == "modified" and run.setting == 2 and run.seed == FIRST
        return None if fails else rising(run)

    end_runs(database, made, best_diverges)
    choose(database, made)
    assert chosen(database, made) == {"vanilla": 1, "modified": 1}
    assert state_everywhere(database, made) == RunState.RUNNING
    end_runs(database, made, best_diverges)
    assert state_everywhere(database, made) == RunState.SUCCEEDED
    failed = next(run for run in runs_of(database, made) if run.state == "failed")
    with pytest.raises(Conflict, match="chosen without it"), database.transaction() as session:
        retries.retry(session, failed.id, at(40))
    assert retry_all(database, made) == []


def test_where_every_setting_has_a_failed_run_those_that_are_left_choose(
    database: Database,
) -> None:
    made = tuned(database)
    end_runs(database, made, lambda run: rising(run) if run.seed == FIRST else None)
    choose(database, made)
    assert chosen(database, made) == {"vanilla": 1, "modified": 2}
