"""Databases that tests may fill and empty: migrated once a session, never anyone else's."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from models.store.database import Database
from models.store.migrating import migrate
from models.store.tables import Base


class SqliteForTests:
    """A migrated file, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}")

    def copied_to(self, path: Path) -> str:
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"


@pytest.fixture
def sqlite_url(sqlite_for_tests: SqliteForTests, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite file."""
    return sqlite_for_tests.copied_to(tmp_path / "tripletlab.sqlite3")


class PostgresForTests:
    """A database of this session alone on a given server; its rows are removed between tests."""

    def __init__(self, url: str) -> None:
        self.url = url
        migrate(url)
        self._database = Database(url)

    @classmethod
    @contextmanager
    def made_on(cls, server_url: str) -> Iterator["PostgresForTests | str"]:
        """A fresh database, dropped at the end; a sentence when the server cannot be used."""
        with postgres_database(server_url) as url:
            if not url.startswith("postgresql:"):
                yield url
                return
            made = cls(url)
            yield made
            made._database.close()

    def empty(self) -> None:
        # DELETE: for so few rows it is far cheaper than TRUNCATE, which makes new files
        with self._database.transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())


@contextmanager
def postgres_database(server_url: str, options: str = "") -> Iterator[str]:
    """The URL of a fresh, empty database, dropped at the end; or a sentence why there is none.

    `options` are those of CREATE DATABASE.
    """
    name = f"tripletlab_test_{secrets.token_hex(6)}"
    plain = make_url(server_url).set(drivername="postgresql")
    address = plain.render_as_string(hide_password=False)
    try:
        server = psycopg.connect(address, autocommit=True, connect_timeout=5)
        create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)).as_string()
        server.execute(f"{create} {options}".encode())
        # what a power cut would leave is not tested, so commits need not wait for the disk
        server.execute(
            sql.SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(sql.Identifier(name))
        )
    except psycopg.Error as error:
        yield f"no PostgreSQL for tests at {plain!r}: {error}"
        return
    try:
        yield plain.set(database=name).render_as_string(hide_password=False)
    finally:
        server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        server.close()
