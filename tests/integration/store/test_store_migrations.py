"""Migrations lead to exactly the tables of the code, on both databases, whoever starts first."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from api.datasets.views import DatasetView
from models.errors import ServiceUnavailable
from models.store.database import Database
from models.store.datasets import dataset_by_name
from models.store.migrating import alembic_config, changing_schema, migrate
from models.store.schema_version import check, revisions
from models.store.tables import Base

from support.project import ROOT


@pytest.fixture
def blank(blank_url: str) -> Iterator[Database]:
    opened = Database(blank_url)
    yield opened
    opened.close()


def test_migrations_give_the_tables_of_the_code(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == {
            *Base.metadata.tables,
            "alembic_version",
        }


def test_deleting_cascades_as_the_tables_of_the_code_say(database: Database) -> None:
    # alembic's comparison is lenient about ON DELETE, so this one is not
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        for table in Base.metadata.sorted_tables:
            wanted = {
                (constraint.name, constraint.ondelete)
                for constraint in table.foreign_key_constraints
            }
            there = {
                (key["name"], key["options"].get("ondelete"))
                for key in inspector.get_foreign_keys(table.name)
            }
            assert there == wanted, table.name


def test_the_code_knows_its_schemas_without_alembic() -> None:
    history = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    assert list(revisions())[::-1] == [one.revision for one in history]


def test_migrating_again_changes_nothing(database: Database, database_url: str) -> None:
    migrate(database_url)
    check(database)


def test_rows_from_before_leaks_were_counted_stay_and_say_so(
    blank: Database, blank_url: str
) -> None:
    with changing_schema(blank) as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.execute(
            text(
                "INSERT INTO datasets (id, name, content_hash, has_split, created_at, rows, "
                "duplicates, empty_texts, distinct_texts, token_length_mean, token_length_median, "
                "token_length_p99, token_length_max, vocabulary_size) VALUES ("
                "'ds_1', 'old', 'abc', false, '2026-01-01 00:00:00+00:00', "
                "10, 4, 0, 20, 5, 5, 9, 9, 30)"
            )
        )
    migrate(blank_url)
    with blank.reading() as session:
        view = DatasetView.of(dataset_by_name(session, "old"))
    assert (view.rows, view.duplicates, view.vocabulary_size) == (10, 4, 30)
    counted = (view.duplicate_groups, view.largest_group, view.false_negatives)
    assert (*counted, view.in_order_test, view.in_order_shared) == (None,) * 5


def test_going_down_leaves_no_table_behind(blank: Database, blank_url: str) -> None:
    migrate(blank_url)
    with changing_schema(blank) as connection:
        command.downgrade(alembic_config(connection), "base")
    assert inspect(blank.engine).get_table_names() == ["alembic_version"]


def test_processes_that_start_at_once_all_find_the_schema(blank: Database, blank_url: str) -> None:
    code = f"from models.store.migrating import migrate; migrate({blank_url!r})"
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    check(blank)


def test_a_database_without_the_schema_is_not_ready(blank: Database) -> None:
    with pytest.raises(ServiceUnavailable, match="has schema none"):
        check(blank)


def test_a_database_of_another_version_is_not_ready(database: Database) -> None:
    with database.transaction() as session:
        newest = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(ServiceUnavailable, match="9999"):
            check(database)
    finally:
        with database.transaction() as session:
            session.execute(text(f"UPDATE alembic_version SET version_num = '{newest}'"))


def test_a_database_that_does_not_answer_is_not_ready() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        check(away)
    away.close()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_store_every_text_is_refused(
    other_encoding_url: str, encoding: str
) -> None:
    with pytest.raises(ServiceUnavailable, match=f"encoding {encoding}.* UTF8"):
        migrate(other_encoding_url)
    opened = Database(other_encoding_url)
    with pytest.raises(ServiceUnavailable, match=f"encoding {encoding}.* UTF8"):
        check(opened)
    opened.close()
