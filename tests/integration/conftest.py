"""The API over each kind of database, with the generated data set already there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from models.settings import Settings
from models.store.database import Database

from support.api import LEASE, ApiForTests, GeneratedForTests, StartService
from support.browser import Tab, chromium, tab_in
from support.databases import SqliteForTests
from support.groups import Shared
from support.receivers import Receiver


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
        lease_seconds=LEASE,
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
            given = {
                "data_dir": generated.data_dir,
                "database_url": url,
                "lease_seconds": LEASE,
                **settings,
            }
            return started.enter_context(ApiForTests(Settings(**given)))

        yield start


@pytest.fixture(scope="module")
def browser(shared_by_group: Shared) -> Browser:
    """A real one, shared by the files of the page: while it is open, Playwright runs an event loop
    in this thread, and no other test could."""
    opened: Browser = shared_by_group.get("browser", chromium)
    return opened


@pytest.fixture
def service(start_service: StartService) -> ApiForTests:
    """The service whose page is looked at; its broker is away."""
    return start_service(broker_url="redis://127.0.0.1:1/0")


@pytest.fixture
def tab(browser: Browser, service: ApiForTests) -> Iterator[Tab]:
    """A tab on the service's page; at the end nothing may stand in the browser's console."""
    with tab_in(browser, service.url) as opened:
        yield opened


@pytest.fixture
def hooked(api_settings: Settings) -> Iterator[Any]:
    """Starts a receiver and a service that may call it."""
    with ExitStack() as stack:

        def start(*answers: float, **settings: Any) -> tuple[ApiForTests, Receiver]:
            receiver = stack.enter_context(Receiver(*answers))
            changes = {"webhook_hosts": receiver.place, "webhook_retry_seconds": 0.01, **settings}
            own = Settings(**{**api_settings.model_dump(), **changes})
            return stack.enter_context(ApiForTests(own)), receiver

        yield start
