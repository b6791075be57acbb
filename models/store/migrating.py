"""Bring a database to the schema of this code.

The migrations are in `models/store/migrations/`, and are applied from here, not by Alembic's
command: the URL comes from the settings, and two processes may start at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from models.errors import ServiceUnavailable
from models.store.database import Database
from models.store.schema_version import why_not_ours

_LOCK = 0x7472_6970_6C65_7400  # "triplet" in ASCII: the number of this service's advisory lock


def migrate(url: str) -> None:
    """Apply all missing migrations in one transaction: all of them or none.

    Raises `ServiceUnavailable` when the database does not answer or refuses, and when it must not
    be changed, since it belongs to a newer version or to another program.
    """
    database = Database(url)
    try:
        with changing_schema(database) as connection:
            _wait_for_turn(connection)
            foreign = why_not_ours(connection)
            if foreign is not None:
                raise ServiceUnavailable(foreign)
            command.upgrade(alembic_config(connection), "head")
    except DBAPIError as error:
        raise ServiceUnavailable(
            f"the database could not be given this version's schema, and is unchanged: {error.orig}"
        ) from error
    finally:
        database.close()


@contextmanager
def changing_schema(database: Database) -> Iterator[Connection]:
    """A connection whose transaction is committed when the block ends, for migrations.

    On SQLite its foreign keys are off, which only works before a transaction begins: a table that
    is copied must not take along what hangs on the old one.
    """
    with database.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _enforce_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                yield connection
        finally:
            if is_sqlite:
                _enforce_foreign_keys(connection, "ON")


def _enforce_foreign_keys(connection: Connection, on_or_off: str) -> None:
    # not through SQLAlchemy, which would begin a transaction first
    raw = connection.connection.dbapi_connection
    assert raw is not None  # the connection is open
    raw.cursor().execute(f"PRAGMA foreign_keys={on_or_off}")


def _wait_for_turn(connection: Connection) -> None:
    # SQLite: every transaction of this service that may write takes the write lock at its BEGIN
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def alembic_config(connection: Connection | None = None) -> Config:
    """Where the migrations are, and the connection that they use."""
    config = Config()
    config.set_main_option("script_location", "models.store:migrations")
    config.attributes["connection"] = connection
    return config
