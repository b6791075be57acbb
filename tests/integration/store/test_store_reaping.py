"""Lost runs come back or fail with a reason, and lost messages are sent again."""

from sqlalchemy import update

from models.states import RunState
from models.store.database import Database
from models.store.events import events_after
from models.store.experiments import runs_of
from models.store.run_life import runs
from models.store.run_life.reaping import due_for_submit, retries_due, take_back_lost
from models.store.tables import Run

from support.stored import POLICY, at, fault_document, stored_experiment, stored_run

LEASE = 30


def running(database: Database, *, faults: int = 0) -> str:
    """A run that started at 0 s after so many faults and was never heard of again."""
    with database.transaction() as session:
        run_id = stored_run(session).id
        for number in range(1, faults + 1):
            moment = at(100 * (number - faults - 1))
            assert runs.claim(session, run_id, worker_id="w6", cuda=False, now=moment)
            document = fault_document(number)
            runs.fault(session, run_id, number, problem=document, policy=POLICY, now=moment)
        assert runs.claim(session, run_id, worker_id="w7", cuda=False, now=at(0))
    return run_id


def reap(database: Database, seconds: float) -> list[str]:
    with database.transaction() as session:
        return take_back_lost(session, now=at(seconds), lease_seconds=LEASE, policy=POLICY)


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
    run_id = running(database, faults=2)
    assert reap(database, LEASE + 1) == [run_id]
    row = now_stored(database, run_id)
    assert (row.state, row.finished_at) == ("failed", at(LEASE + 1))
    assert "given up after 3 attempts that went wrong" in str(row.reason)
    assert row.problem is not None
    assert row.problem["type"] == "urn:tripletlab:problem:worker-lost"
    assert (row.problem["attempt"], row.problem["step"]) == (3, 0)


def test_a_lost_run_that_was_asked_to_cancel_is_cancelled(database: Database) -> None:
    once, often = running(database), running(database, faults=2)
    with database.transaction() as session:
        for run_id in (once, often):
            runs.request_cancel(session, run_id, at(1))
    assert sorted(reap(database, LEASE + 1)) == sorted([once, often])
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


def test_a_run_that_was_taken_back_is_due_once_its_wait_is_over(database: Database) -> None:
    run_id = running(database)
    with database.transaction() as session:
        # the message that its attempt used up had just gone out
        change = update(Run).where(Run.id == run_id).values(submitted_at=at(LEASE))
        session.execute(change)
    assert reap(database, LEASE + 1) == [run_id]
    over = LEASE + 1 + POLICY.pause(1)
    assert now_stored(database, run_id).not_before == at(over)
    with database.transaction() as session:
        assert retries_due(session, at(over - 1)) == []
        assert due_for_submit(session, now=at(over - 1), resubmit_seconds=1) == []
        assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(over - 1)) is None
        assert [run.id for run in retries_due(session, at(over))] == [run_id]
        runs.mark_submitted(session, [run_id], at(over))
        assert retries_due(session, at(over + 1)) == [], "it was announced once"
        later = due_for_submit(session, now=at(over + 21), resubmit_seconds=20)
        assert run_id in [run.id for run in later], "and again when that message is lost"
        taken = runs.claim(session, run_id, worker_id="w", cuda=False, now=at(over))
    assert taken is not None
    assert (taken.not_before, taken.problem, taken.reason) == (None, None, None)
    assert (taken.attempt, taken.faults) == (2, 1)
