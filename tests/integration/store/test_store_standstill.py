"""A writer that stands still in the middle of a transaction does not hold the others up for good.

On PostgreSQL, that is: SQLite has its one writer on this machine, and no server to end it.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.store import database as databases
from models.store.database import Database
from models.store.metrics.rows import append_steps
from models.store.run_life import runs
from models.store.run_life.runs import claim

from support.databases import PostgresForTests
from support.stored import at, step_row, stored_run


@pytest.fixture
def database(postgres_for_tests: PostgresForTests | str) -> Iterator[Database]:
    if isinstance(postgres_for_tests, str):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(postgres_for_tests)
    postgres_for_tests.empty()
    opened = Database(postgres_for_tests.url)
    yield opened
    opened.close()


def claimed(database: Database) -> str:
    with database.transaction() as session:
        run_id = stored_run(session).id
        assert claim(session, run_id, worker_id="wrk_t", cuda=False, now=at(0)) is not None
    return run_id


def beat(session: Session, run_id: str) -> None:
    runs.heartbeat(session, run_id, 1, at(1))


def record(session: Session, run_id: str) -> None:
    runs.advance(session, run_id, 1, 3, at(1))
    append_steps(session, run_id, [step_row(1), step_row(2), step_row(3)])


@pytest.mark.parametrize("write", [beat, record])  # it holds the run from here on
def test_a_run_whose_writer_stands_still_can_be_written_by_others(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Session, str], None],
) -> None:
    run_id = claimed(database)
    monkeypatch.setattr(databases, "STANDSTILL_MS", 200)

    def stand_still() -> None:
        with database.transaction() as still:
            write(still, run_id)
            with database.transaction() as other:
                runs.heartbeat(other, run_id, 1, at(2))
            runs.heartbeat(still, run_id, 1, at(3))  # it wakes up, and finds itself ended

    with pytest.raises(DBAPIError):
        stand_still()
    with database.reading() as session:
        found = runs.run(session, run_id)
        assert (found.heartbeat_at, found.step) == (at(2), 0)


def test_a_reader_may_take_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = claimed(database)
    monkeypatch.setattr(databases, "STANDSTILL_MS", 1)
    with database.reading() as session:
        runs.run(session, run_id)
        left = "SELECT current_setting('idle_in_transaction_session_timeout')"
        assert session.connection().exec_driver_sql(left).scalar() == "0"
