"""Lost runs come back or fail with a reason, and lost messages are sent again."""

from models import runs
from models.database import Database
from models.events import events_after
from models.experiments import runs_of
from models.reaping import due_for_submit, take_back_lost
from models.states import RunState
from models.tables import Run

from stored import at, stored_experiment, stored_run

LEASE = 30


def running(database: Database, *, attempt: int = 1) -> str:
    """A run whose given attempt started at 0 s and was never heard of again."""
    with database.transaction() as session:
        run_id = stored_run(session).id
        for number in range(1, attempt + 1):
            assert runs.claim(session, run_id, worker_id="w7", cuda=False, now=at(0))
            if number < attempt:
                runs.give_back(session, run_id, number, reason="lost", now=at(0))
    return run_id


def reap(database: Database, seconds: float, *, max_attempts: int = 3) -> list[str]:
    with database.transaction() as session:
        return take_back_lost(
            session, now=at(seconds), lease_seconds=LEASE, max_attempts=max_attempts
        )


def now_stored(database: Database, run_id: str) -> Run:
    with database.reading() as session:
        return runs.run(session, run_id)


def test_a_run_is_left_alone_within_its_lease(database: Database) -> None:
    run_id = running(database)
    assert reap(database, LEASE) == []
    assert now_stored(database, run_id).state == "running"


def test_a_run_that_fell_silent_is_queued_again_with_the_reason(database: Database) -> None:
    run_id = running(database)
    assert reap(database, LEASE + 1) == [run_id]
    row = now_stored(database, run_id)
    assert (row.state, row.attempt, row.worker_id) == ("queued", 1, None)
    assert "attempt 1 fell silent" in str(row.reason)
    assert "w7" in str(row.reason)
    assert reap(database, LEASE + 2) == []
    with database.reading() as session:
        last = events_after(session, row.experiment_id, 0, 100)[-1]
    assert (last.from_state, last.to_state, last.message) == ("running", "queued", row.reason)


def test_a_run_that_fell_silent_too_often_fails_with_the_reason(database: Database) -> None:
    run_id = running(database, attempt=3)
    assert reap(database, LEASE + 1, max_attempts=3) == [run_id]
    row = now_stored(database, run_id)
    assert (row.state, row.finished_at) == ("failed", at(LEASE + 1))
    assert "given up after 3 attempts" in str(row.reason)


def test_a_lost_run_that_was_asked_to_cancel_is_cancelled(database: Database) -> None:
    once, often = running(database), running(database, attempt=3)
    with database.transaction() as session:
        for run_id in (once, often):
            runs.request_cancel(session, run_id, at(1))
    assert sorted(reap(database, LEASE + 1, max_attempts=3)) == sorted([once, often])
    assert {now_stored(database, run_id).state for run_id in (once, often)} == {"cancelled"}


def test_only_what_is_running_is_taken_back(database: Database) -> None:
    with database.transaction() as session:
        stored_run(session)
    ended = running(database)
    with database.transaction() as session:
        runs.finish(session, ended, 1, RunState.SUCCEEDED, now=at(1))
    assert reap(database, 10_000) == []


def test_queued_runs_whose_message_is_old_are_due_in_order(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
        ids = [run.id for run in runs_of(session, made.id)]
        for run_id, seconds in zip(ids, (0, 15, 0, 0), strict=True):
            runs.mark_submitted(session, [run_id], at(seconds))
        assert runs.claim(session, ids[2], worker_id="w", cuda=False, now=at(1))
    with database.reading() as session:

        def due(seconds: float) -> list[str]:
            return [run.id for run in due_for_submit(session, now=at(seconds), resubmit_seconds=20)]

        assert due(20) == []
        assert due(21) == [ids[0], ids[3]]
        assert due(36) == [ids[0], ids[3], ids[1]]  # whose message is older comes first


def test_a_run_that_was_taken_back_is_due_at_once(database: Database) -> None:
    run_id = running(database)
    with database.transaction() as session:
        submitted = runs.run(session, run_id).submitted_at
    assert reap(database, LEASE + 1) == [run_id]
    later = submitted.timestamp() - at(0).timestamp() + 21
    with database.reading() as session:
        due = due_for_submit(session, now=at(later), resubmit_seconds=20)
        assert run_id in [run.id for run in due]
