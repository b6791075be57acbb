"""Faults of the machine are counted and waited after; a run that is given back has met none."""

from models.states import RunState
from models.store.database import Database
from models.store.run_life import runs

from support.stored import POLICY, at, fault_document
from support.stored_runs import claimed, events_of, new_run, now_stored


def fault(database: Database, run_id: str, attempt: int, seconds: float) -> RunState:
    with database.transaction() as session:
        document = fault_document(attempt, step=7)
        return runs.fault(
            session, run_id, attempt, problem=document, policy=POLICY, now=at(seconds)
        )


def claim(database: Database, run_id: str, seconds: float) -> bool:
    with database.transaction() as session:
        return bool(runs.claim(session, run_id, worker_id="w", cuda=False, now=at(seconds)))


def test_a_run_is_tried_again_after_longer_and_longer_waits_and_then_given_up(
    database: Database,
) -> None:
    run_id = new_run(database)
    waits, clock = [], 0.0
    for attempt in (1, 2):
        assert claim(database, run_id, clock)
        assert fault(database, run_id, attempt, clock) is RunState.QUEUED
        waiting = now_stored(database, run_id)
        assert waiting.not_before is not None
        waits.append((waiting.not_before - at(clock)).total_seconds())
        assert (waiting.faults, waiting.worker_id) == (attempt, None)
        assert waiting.problem == fault_document(attempt, step=7).model_dump(mode="json")
        assert waiting.reason == "OSError: No space left on device. Free room."
        clock += waits[-1]
        assert not claim(database, run_id, clock - 0.5)
    assert waits == [5.0, 8.0], "twice the first, were it not for the longest"
    assert claim(database, run_id, clock)
    assert fault(database, run_id, 3, clock) is RunState.FAILED
    ended = now_stored(database, run_id)
    assert (ended.state, ended.faults, ended.finished_at) == ("failed", 3, at(clock))
    assert ended.reason == (
        "OSError: No space left on device; given up after 3 attempts that went wrong. Free room."
    )
    assert ended.problem is not None
    assert (ended.problem["attempt"], ended.problem["step"]) == (3, 7)
    assert events_of(database, run_id)[-1].message == ended.reason


def test_a_run_that_is_given_back_meets_no_fault_however_often(database: Database) -> None:
    run_id = new_run(database)
    for attempt in range(1, 3 * POLICY.max_attempts):
        assert claim(database, run_id, attempt), "it need not wait"
        with database.transaction() as session:
            runs.release(session, run_id, attempt, reason="asked to stop", now=at(attempt))
    stored = now_stored(database, run_id)
    assert (stored.attempt, stored.faults, stored.not_before) == (8, 0, None)
    assert claim(database, run_id, 20)
    assert fault(database, run_id, 9, 20) is RunState.QUEUED, "its first fault, at attempt 9"


def test_a_fault_of_a_run_that_was_asked_to_cancel_cancels_it(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(2))
    assert fault(database, run_id, 1, 3) is RunState.CANCELLED
    assert now_stored(database, run_id).problem is None


def test_training_seconds_are_stored_with_the_progress_and_stay_between_attempts(
    database: Database,
) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.advance(session, run_id, 1, 3, at(2), trained_seconds=12.5)
        runs.advance(session, run_id, 1, 4, at(3))
    fault(database, run_id, 1, 3)
    assert claim(database, run_id, 100)
    assert now_stored(database, run_id).trained_seconds == 12.5
