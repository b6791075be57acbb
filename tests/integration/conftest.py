"""The API over each kind of database, with the generated data set already there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from models.database import Database
from models.settings import Settings

from api_for_tests import ApiForTests, GeneratedForTests, StartService
from databases_for_tests import SqliteForTests


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> GeneratedForTests:
    return GeneratedForTests.made_in(tmp_path_factory.mktemp("data"))


@pytest.fixture
def api_settings(database: Database, generated: GeneratedForTests) -> Settings:
    """Settings of an API whose broker is away: port 1 of this machine answers nobody."""
    generated.add_to(database)
    return Settings(
        data_dir=generated.data_dir,
        database_url=database.url,
        broker_url="redis://127.0.0.1:1/0",
    )


@pytest.fixture
def api(api_settings: Settings) -> Iterator[ApiForTests]:
    with ApiForTests(api_settings) as started:
        yield started


@pytest.fixture
def start_service(
    sqlite_for_tests: SqliteForTests, generated: GeneratedForTests, tmp_path: Path
) -> Iterator[StartService]:
    """Starts services with the settings it is given, all over one SQLite file."""
    url = sqlite_for_tests.copied_to(tmp_path / "tripletlab.sqlite3")
    database = Database(url)
    generated.add_to(database)
    database.close()
    with ExitStack() as started:

        def start(**settings: Any) -> ApiForTests:
            given = {"data_dir": generated.data_dir, "database_url": url, **settings}
            return started.enter_context(ApiForTests(Settings(**given)))

        yield start
