"""Engines and transactions: SQLite for the embedded service, PostgreSQL otherwise, one code path.

Sessions are made here and nowhere else; the store's functions receive one and never commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, CursorResult, Engine, Update, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

from models.abandonment import stop_if_abandoned
from models.errors import ServiceUnavailable
from models.store import numeric_rows

READ_ONLY = "tripletlab_read_only"
BUSY_TIMEOUT_MS = 20_000  # SQLite has one writer; a worker waits for its turn instead of failing
# A writer that stops in the middle of a transaction (a stopped process, a paused or lost machine)
# holds its locks, and blocks every reaper that could take its run back. PostgreSQL ends it then.
STANDSTILL_MS = 15_000
CONNECT_SECONDS = 10  # until a server that does not answer counts as unavailable


class Database:
    """An engine and its sessions. `close()` frees the connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        reader = self.engine.execution_options(**{READ_ONLY: True})
        self._readers = sessionmaker(reader, expire_on_commit=False)
        self._askers = self._readers
        if self.engine.dialect.name == "postgresql":
            asker = reader.execution_options(isolation_level="AUTOCOMMIT")
            self._askers = sessionmaker(asker, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that is committed when the block ends, and rolled back if the block raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for queries only; on SQLite it does not wait for the writer."""
        with self._readers() as session:
            yield session

    @contextmanager
    def asking(self) -> Iterator[Session]:
        """A session for short queries; on PostgreSQL each is a transaction of its own, which saves
        the journeys there and back to begin one and to end it."""
        with self._askers() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _parsed(url: str) -> URL:
    """Raises `ValueError` without the URL's text in it, since that may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "the database URL cannot be read; it looks like "
            "postgresql://user:password@host:5432/name, with %2F, %3A and %40 for / : and @ "
            "in the password"
        ) from None


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_size=20, hide_parameters=True)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin_immediate)
        _install(engine)
        return engine
    if parsed.get_backend_name() == "postgresql":
        # plain postgresql:// means psycopg 3 here
        psycopg = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(
            psycopg.update_query_dict({"connect_timeout": str(CONNECT_SECONDS), **parsed.query}),
            pool_pre_ping=True,
            pool_size=10,
            max_overflow=30,
            hide_parameters=True,  # errors are logged, and the log must not have what people sent
        )
        # many rows in one statement, not in psycopg's pipeline: PostgreSQL does not time out a
        # session that stops after one, and its locks would never be released
        engine.dialect.use_insertmanyvalues_wo_returning = True
        # before SQLAlchemy's own first queries, whose texts it could not read
        event.listen(engine, "connect", _require_utf8, insert=True)
        event.listen(engine, "begin", _bound_standstill)
        _install(engine)
        return engine
    raise ValueError(
        f"database URL of kind '{parsed.drivername}': this service knows sqlite and postgresql"
    )


def _install(engine: Engine) -> None:
    numeric_rows.install(engine)
    event.listen(engine, "before_cursor_execute", _unless_abandoned)


def _unless_abandoned(*_: Any) -> None:
    stop_if_abandoned()


def _require_utf8(connection: Any, _record: Any) -> None:
    """Names and questions may have any character, and a database keeps its encoding for good."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):
        connection.close()
        raise ServiceUnavailable(
            f"the database has the encoding {encoding}, which cannot store every text; create one "
            "with the encoding UTF8 (CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8')"
        )


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves, see below
    for pragma in (
        "journal_mode=WAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "synchronous=NORMAL",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    # A transaction that reads first and writes later cannot wait for a lock in WAL mode: it fails
    # at once if another wrote in between. Taking the write lock at BEGIN makes it wait instead.
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _bound_standstill(connection: Any) -> None:
    # readers block nobody, and may compute for long between two queries
    if not connection.get_execution_options().get(READ_ONLY, False):
        bound = f"SET LOCAL idle_in_transaction_session_timeout = {STANDSTILL_MS}"
        connection.exec_driver_sql(bound)


def changed(session: Session, statement: Update) -> bool:
    """Whether the statement changed its one row."""
    # loaded objects are not updated: they are read again where needed, see `fresh`
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return isinstance(result, CursorResult) and result.rowcount == 1
