"""Runs in the store, each step of the test in a transaction of its own."""

from models.store.database import Database
from models.store.events import events_after
from models.store.run_life import runs
from models.store.tables import Event, Run

from support.stored import at, stored_run


def new_run(database: Database, **changes: object) -> str:
    with database.transaction() as session:
        return stored_run(session, **changes).id


def claimed(database: Database) -> str:
    """A run whose first attempt runs since second 1."""
    run_id = new_run(database)
    with database.transaction() as session:
        assert runs.claim(session, run_id, worker_id="w1", cuda=False, now=at(1))
    return run_id


def now_stored(database: Database, run_id: str) -> Run:
    with database.reading() as session:
        return runs.run(session, run_id)


def events_of(database: Database, run_id: str) -> list[Event]:
    experiment_id = now_stored(database, run_id).experiment_id
    with database.reading() as session:
        found = events_after(session, experiment_id, 0, 1000)
    return [event for event in found if event.run_id == run_id]
