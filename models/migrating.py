"""Bring a database to the schema of this code, and say whether it is there.

The migrations are in `models/migrations/`, and are applied from here, not by Alembic's command:
the URL comes from the settings, and two processes may start at once.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from models.database import Database
from models.errors import ServiceUnavailable

_LOCK = 0x7472_6970_6C65_7400  # "triplet" in ASCII: a number of our own among advisory locks


def migrate(url: str) -> None:
    """Apply all migrations that are missing, in one transaction: all of them or none."""
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            _wait_for_turn(connection)
            command.upgrade(alembic_config(connection), "head")
    finally:
        database.close()


def check(database: Database) -> None:
    """Raises `ServiceUnavailable` when the database is away, or its schema is not this code's."""
    try:
        with database.reading() as session:
            current = MigrationContext.configure(session.connection()).get_current_heads()
    except DBAPIError as error:
        raise ServiceUnavailable(f"the database does not answer: {error.orig}") from error
    wanted = ScriptDirectory.from_config(alembic_config()).get_heads()
    if set(current) != set(wanted):
        raise ServiceUnavailable(
            f"the database has schema {', '.join(current) or 'none'} and this version needs "
            f"{', '.join(wanted)}; run `tripletlab migrate`"
        )


def _wait_for_turn(connection: Connection) -> None:
    # SQLite: every transaction of ours that may write has the write lock from its BEGIN on
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def alembic_config(connection: Connection | None = None) -> Config:
    """Where the migrations are, and the connection that they use."""
    config = Config()
    config.set_main_option("script_location", "models:migrations")
    config.attributes["connection"] = connection
    return config
