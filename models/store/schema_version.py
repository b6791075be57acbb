"""Which schema a database has, and whether it is that of this code.

Every process asks this at its start. Alembic, which `models.store.migrating` applies the missing
migrations with, would take each of them 10 MiB and a fifth of a second only to say.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, column, inspect, select, table
from sqlalchemy.exc import DBAPIError

from models.errors import ServiceUnavailable
from models.store.database import Database

VERSIONS = "alembic_version"
_FIRST_TABLES = ("datasets", "experiments", "runs", "steps", "evaluations", "events", "workers")
"""The tables of revision 0001, and so of every later one: another program may number its
revisions in the same way."""


@cache
def revisions() -> tuple[str, ...]:
    """The schemas that this code knows, oldest first; a migration's file begins with its own."""
    versions = Path(__file__).with_name("migrations") / "versions"
    return tuple(sorted(file.name.partition("_")[0] for file in versions.glob("[0-9]*.py")))


def newest() -> list[str]:
    """The schema of this code, as `current` tells that of a database."""
    return [revisions()[-1]]


def current(connection: Connection) -> list[str]:
    """The schema of a database: no revision before the first migration, else one."""
    if not inspect(connection).has_table(VERSIONS):
        return []
    version: ColumnElement[str] = column("version_num")
    return sorted(connection.execute(select(version).select_from(table(VERSIONS))).scalars())


def check(database: Database) -> None:
    """Raise `ServiceUnavailable` when the database does not answer, or has another schema."""
    try:
        with database.reading() as session:
            check_schema(session.connection())
    except DBAPIError as error:
        raise ServiceUnavailable(f"the database does not answer: {error.orig}") from error


def check_schema(connection: Connection) -> None:
    """Raise `ServiceUnavailable` when the database has another schema than this code."""
    wanted, there = newest(), current(connection)
    if there != wanted:
        raise ServiceUnavailable(
            why_not_ours(connection)
            or f"the database has schema {', '.join(there) or 'none'} and this version needs "
            f"{', '.join(wanted)}; run `tripletlab migrate`"
        )


def why_not_ours(connection: Connection) -> str | None:
    """Why this database must not be changed; None where it is empty, or of a version up to this."""
    there = current(connection)
    if not set(revisions()).issuperset(there):
        return (
            f"the database has schema {', '.join(there)}, and this version of Tripletlab knows "
            f"none after {', '.join(newest())}: a newer version made it, or another "
            "program; install that version, or use another database (TRIPLETLAB_DATABASE_URL)"
        )
    tables = set(inspect(connection).get_table_names()) - {VERSIONS}
    if tables and not (there and tables.issuperset(_FIRST_TABLES)):
        return (
            "the database has tables that are not Tripletlab's, and is unchanged; use an empty "
            "database (TRIPLETLAB_DATABASE_URL)"
        )
    return None
