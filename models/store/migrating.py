"""Bring a database to the schema of this code, and say whether it is there.

The migrations are in `models/store/migrations/`, and are applied from here, not by Alembic's
command: the URL comes from the settings, and two processes may start at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from models.errors import ServiceUnavailable
from models.store.database import Database

_LOCK = 0x7472_6970_6C65_7400  # "triplet" in ASCII: the number of this service's advisory lock
VERSIONS = "alembic_version"
_FIRST_TABLES = ("datasets", "experiments", "runs", "steps", "evaluations", "events", "workers")
"""The tables of revision 0001, and so of every later one: another program may number its
revisions in the same way."""


def migrate(url: str) -> None:
    """Apply all missing migrations in one transaction: all of them or none.

    Raises `ServiceUnavailable` when the database does not answer or refuses, and when it must not
    be changed, since it belongs to a newer version or to another program.
    """
    database = Database(url)
    try:
        with changing_schema(database) as connection:
            _wait_for_turn(connection)
            foreign = _why_not_ours(connection)
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


def check(database: Database) -> None:
    """Raise `ServiceUnavailable` when the database does not answer, or has another schema."""
    try:
        with database.reading() as session:
            check_schema(session.connection())
    except DBAPIError as error:
        raise ServiceUnavailable(f"the database does not answer: {error.orig}") from error


def check_schema(connection: Connection) -> None:
    """Raise `ServiceUnavailable` when the database has another schema than this code."""
    wanted, current = heads(), _schema(connection)
    if current != wanted:
        raise ServiceUnavailable(
            _why_not_ours(connection)
            or f"the database has schema {', '.join(current) or 'none'} and this version needs "
            f"{', '.join(wanted)}; run `tripletlab migrate`"
        )


@cache
def heads() -> list[str]:
    """The schema of this code; finding it loads all migrations, which takes a while."""
    return ScriptDirectory.from_config(alembic_config()).get_heads()


def _schema(connection: Connection) -> list[str]:
    return sorted(MigrationContext.configure(connection).get_current_heads())


def _why_not_ours(connection: Connection) -> str | None:
    """Why this database must not be changed; None where it is empty, or of a version up to this."""
    scripts = ScriptDirectory.from_config(alembic_config())
    known, current = {one.revision for one in scripts.walk_revisions()}, _schema(connection)
    if not known.issuperset(current):
        return (
            f"the database has schema {', '.join(current)}, and this version of Tripletlab knows "
            f"none after {', '.join(scripts.get_heads())}: a newer version made it, or another "
            "program; install that version, or use another database (TRIPLETLAB_DATABASE_URL)"
        )
    tables = set(inspect(connection).get_table_names()) - {VERSIONS}
    if tables and not (current and tables.issuperset(_FIRST_TABLES)):
        return (
            "the database has tables that are not Tripletlab's, and is unchanged; use an empty "
            "database (TRIPLETLAB_DATABASE_URL)"
        )
    return None


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
