"""HTTP is the same over every database, so its tests run over one kind: SQLite."""

from pathlib import Path

import pytest

from support.databases import SqliteForTests


@pytest.fixture
def database_url(sqlite_for_tests: SqliteForTests, tmp_path: Path) -> str:
    """The URL of a migrated, empty database."""
    return sqlite_for_tests.copied_to(tmp_path / "tripletlab.sqlite3")
