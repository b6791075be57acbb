"""Runs for the tests of what has no owner any more."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from models.states import ACTIVE, RunState
from models.store.database import Database
from models.store.run_life import runs
from models.store.tables import Dataset

from support.stored import at, stored_run


def run_of(database: Database, state: RunState) -> str:
    """A run in this state; the database's first row is from before it."""
    with database.transaction() as session:
        row = stored_run(session)
        session.execute(update(Dataset).values(created_at=datetime.now(UTC) - timedelta(days=1)))
        if state != RunState.QUEUED:
            assert runs.claim(session, row.id, worker_id="w", cuda=False, now=at(1))
        if state not in ACTIVE:
            runs.finish(session, row.id, 1, state, now=at(2))
        return row.id
