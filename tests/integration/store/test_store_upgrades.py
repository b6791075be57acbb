"""A database in use is brought up to date: nothing in it is lost, whatever interrupts it."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from models.errors import ServiceUnavailable
from models.processes.parent_death import bound
from models.store.database import Database
from models.store.migrating import alembic_config, changing_schema, migrate
from models.store.schema_version import check
from models.store.tables import Base

from support.first_revision import (
    fill_first_revision,
    insert,
)
from support.later_revisions import LATER
from support.project import ROOT

FIRST = {"datasets", "experiments", "runs", "steps", "evaluations", "events", "workers"}
Rows = dict[str, tuple[list[str], list[str]]]  # of each table: its columns, and its rows in words
PAUSED = """
import sys, time
from sqlalchemy import event, Engine
from models.store.migrating import migrate

@event.listens_for(Engine, "before_cursor_execute")
def pause(_connection, _cursor, statement, *_):
    if {where!r} in statement:
        print("here", flush=True)
        time.sleep(600)

migrate({url!r})
"""


@pytest.fixture
def database(blank_url: str) -> Iterator[Database]:
    """In use at the first revision."""
    opened = Database(blank_url)
    fill_first_revision(opened)
    yield opened
    opened.close()


def everything(database: Database) -> Rows:
    with database.engine.connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        return {name: rows_of(connection, name) for name in names}


def rows_of(
    connection: Connection, table: str, columns: list[str] | None = None
) -> tuple[list[str], list[str]]:
    columns = columns or [one["name"] for one in inspect(connection).get_columns(table)]
    found = connection.execute(text(f"SELECT {', '.join(columns)} FROM {table}"))
    return columns, sorted(map(repr, found))


def unchanged(database: Database, before: Rows) -> None:
    """Every row of then is there now, with the same values, and no other."""
    with database.engine.connect() as connection:
        for table, (columns, rows) in before.items():
            assert rows_of(connection, table, columns)[1] == rows, table


def revision(database: Database) -> str:
    with database.engine.connect() as connection:
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")))


def test_rows_of_the_first_revision_are_all_there_at_the_last(database: Database) -> None:
    before = everything(database)
    assert before.keys() == FIRST
    assert all(rows for _, rows in before.values())
    migrate(database.url)
    check(database)
    unchanged(database, before)


def test_rows_that_came_with_each_revision_are_there_at_the_last(database: Database) -> None:
    before = everything(database)
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = [one.revision for one in scripts.walk_revisions("0001", "heads")][::-1]
    for number in revisions[1:]:
        with changing_schema(database) as connection:
            command.upgrade(alembic_config(connection), number)
            for table, values in LATER.get(number, {}).items():
                insert(connection, table, values)
                before[table] = rows_of(connection, table)
    check(database)
    unchanged(database, before)
    assert before.keys() == Base.metadata.tables.keys(), "a new table needs a row in LATER"


@pytest.mark.parametrize("where", ["ALTER TABLE datasets", "CREATE TABLE predictions", "'0005'"])
def test_a_killed_migration_leaves_the_old_schema_and_the_next_one_completes_it(
    database: Database, where: str
) -> None:
    before = everything(database)
    killed = subprocess.Popen(
        bound([sys.executable, "-c", PAUSED.format(where=where, url=database.url)]),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert killed.stdout is not None
    assert killed.stdout.readline() == b"here\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert revision(database) == "0001"
    assert everything(database) == before
    migrate(database.url)
    check(database)
    unchanged(database, before)


def test_processes_that_start_at_once_on_an_old_schema_migrate_once(database: Database) -> None:
    before = everything(database)
    code = f"from models.store.migrating import migrate; migrate({database.url!r})"
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    check(database)
    unchanged(database, before)


def test_a_migration_that_fails_leaves_the_old_schema_and_says_why(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE predictions (mine INTEGER)"))
    before = everything(database)
    with pytest.raises(ServiceUnavailable, match="is unchanged.*predictions"):
        migrate(database.url)
    assert revision(database) == "0001"
    assert everything(database) == before


def refused_untouched(database: Database, words: str) -> None:
    before = everything(database)
    with pytest.raises(ServiceUnavailable, match=words):
        migrate(database.url)
    assert everything(database) == before
    with pytest.raises(ServiceUnavailable, match=words):
        check(database)
    assert everything(database) == before


def test_a_schema_of_a_newer_version_is_refused_and_left_alone(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    refused_untouched(database, "schema 9999.*newer version.*install that version")
    assert revision(database) == "9999"


def test_another_programs_tables_are_refused_and_left_alone(blank_url: str) -> None:
    other = Database(blank_url)
    with other.engine.begin() as connection:
        connection.execute(text("CREATE TABLE steps (mine INTEGER)"))
        connection.execute(text("INSERT INTO steps VALUES (7)"))
    refused_untouched(other, "not Tripletlab's.*empty database")
    with other.engine.begin() as connection:  # one that numbers its revisions as we do
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0003')"))
    refused_untouched(other, "not Tripletlab's.*empty database")
    other.close()
