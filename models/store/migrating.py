"""Bring a database to the schema of this code, and say whether it is there.

The migrations are in `models/store/migrations/`, and are applied from here, not by Alembic's
command: the URL comes from the settings, and two processes may start at once.
"""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from models.errors import ServiceUnavailable
from models.store.database import Database

_LOCK = 0x7472_6970_6C65_7400  # "triplet" in ASCII: a number of our own among advisory locks
_VERSIONS = "alembic_version"
_FIRST_TABLES = ("datasets", "experiments", "runs", "steps", "evaluations", "events", "workers")
"""Of revision 0001, and so of every later one: another program may number its revisions alike."""


def migrate(url: str) -> None:
    """Apply all migrations that are missing, in one transaction: all of them or none.

    Raises `ServiceUnavailable` when the database is away or refuses, and when it is not one that
    this version may change: a newer version's, or another program's.
    """
    database = Database(url)
    try:
        with database.engine.begin() as connection:
            _wait_for_turn(connection)
            foreign = _why_not_ours(connection)
            if foreign is not None:
                raise ServiceUnavailable(foreign)
            command.upgrade(alembic_config(connection), "head")
    except DBAPIError as error:
        raise ServiceUnavailable(
            f"the database could not be given this version's schema, and is as it was: {error.orig}"
        ) from error
    finally:
        database.close()


def check(database: Database) -> None:
    """Raises `ServiceUnavailable` when the database is away, or its schema is not this code's."""
    wanted = ScriptDirectory.from_config(alembic_config()).get_heads()
    try:
        with database.reading() as session:
            current = _schema(session.connection())
            foreign = None if current == wanted else _why_not_ours(session.connection())
    except DBAPIError as error:
        raise ServiceUnavailable(f"the database does not answer: {error.orig}") from error
    if current != wanted:
        raise ServiceUnavailable(
            foreign
            or f"the database has schema {', '.join(current) or 'none'} and this version needs "
            f"{', '.join(wanted)}; run `tripletlab migrate`"
        )


def _schema(connection: Connection) -> list[str]:
    return sorted(MigrationContext.configure(connection).get_current_heads())


def _why_not_ours(connection: Connection) -> str | None:
    """What forbids to change this database; None where it is empty, or of a version up to this."""
    scripts = ScriptDirectory.from_config(alembic_config())
    known, current = {one.revision for one in scripts.walk_revisions()}, _schema(connection)
    if not known.issuperset(current):
        return (
            f"the database has schema {', '.join(current)}, and this version of Tripletlab knows "
            f"none after {', '.join(scripts.get_heads())}: a newer version made it, or another "
            "program; install that version, or name another database (TRIPLETLAB_DATABASE_URL)"
        )
    there = set(inspect(connection).get_table_names()) - {_VERSIONS}
    if there and not (current and there.issuperset(_FIRST_TABLES)):
        return (
            "the database has tables that are not Tripletlab's, and was left as it is; name an "
            "empty database (TRIPLETLAB_DATABASE_URL)"
        )
    return None


def _wait_for_turn(connection: Connection) -> None:
    # SQLite: every transaction of ours that may write has the write lock from its BEGIN on
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def alembic_config(connection: Connection | None = None) -> Config:
    """Where the migrations are, and the connection that they use."""
    config = Config()
    config.set_main_option("script_location", "models.store:migrations")
    config.attributes["connection"] = connection
    return config
