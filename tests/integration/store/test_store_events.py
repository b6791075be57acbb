"""The event record is read in order, in pages, one experiment at a time."""

from models.states import RunState
from models.store.database import Database
from models.store.events import events_after, record
from models.store.experiments import runs_of
from models.store.run_life.runs import claim, request_cancel

from support.stored import at, stored_experiment


def test_events_are_read_in_pages_without_gaps(database: Database) -> None:
    with database.transaction() as session:
        made, other = stored_experiment(session), stored_experiment(session)
        for run in runs_of(session, made.id):
            request_cancel(session, run.id, at(1))
    with database.reading() as session:
        whole = [event.id for event in events_after(session, made.id, 0, 100)]
        paged: list[int] = []
        while page := events_after(session, made.id, paged[-1] if paged else 0, 2):
            assert len(page) <= 2
            paged += [event.id for event in page]
        others = [event.id for event in events_after(session, other.id, 0, 100)]
    assert paged == whole == sorted(whole)
    assert len(whole) == 9
    assert not set(whole) & set(others)


def test_an_event_says_what_happened_to_whom_and_when(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
        run_id = runs_of(session, made.id)[0].id
        record(
            session,
            experiment_id=made.id,
            run_id=run_id,
            kind="state",
            from_state=RunState.RUNNING,
            to_state=RunState.FAILED,
            attempt=3,
            message="no memory left",
            now=at(0.25),
        )
    with database.reading() as session:
        last = events_after(session, made.id, 0, 100)[-1]
    assert (last.run_id, last.kind, last.attempt) == (run_id, "state", 3)
    assert (last.from_state, last.to_state) == ("running", "failed")
    assert (last.message, last.at) == ("no memory left", at(0.25))


def test_what_is_undone_leaves_no_event(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
        run_id = runs_of(session, made.id)[0].id
    with database.transaction() as session:
        assert claim(session, run_id, worker_id="w", cuda=False, now=at(1))
        session.rollback()
    with database.reading() as session:
        assert {event.to_state for event in events_after(session, made.id, 0, 100)} == {
            None,
            "queued",
        }
