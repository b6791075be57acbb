"""What tests of several tiers share: databases and a Redis of their own, never anyone's data.

A server that is absent skips its tests at home, with the reason, and fails them where `CI` is set.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import event

from models.store.database import Database

from support.buckets import BucketForTests, bucket_in
from support.databases import PostgresForTests, SqliteForTests, postgres_database
from support.groups import LARGEST, Shared, group_of
from support.redis import RedisForTests, unavailable

# no time is asserted, and building a spec or a schedule of events is slow beside most examples
settings.register_profile("tripletlab", suppress_health_check=[HealthCheck.too_slow], deadline=None)
# `--hypothesis-profile=long`: for an evening with a machine of one's own
settings.register_profile("long", settings.get_profile("tripletlab"), max_examples=2000)
settings.load_profile("tripletlab")

POSTGRES = os.environ.get(
    "TRIPLETLAB_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/test"
)
REDIS = os.environ.get("TRIPLETLAB_TEST_REDIS_URL", "redis://127.0.0.1:6379/")


_SHARED = pytest.StashKey[Shared]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a group in one process.

    The marks that `--dist loadgroup` reads do nothing in pytest-xdist 3.8 under pytest 9.2.
    """
    from xdist.scheduler import LoadFileScheduling

    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = group_of
    return scheduler


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the largest group, which one process tests alone: it must not be what all the
    others wait for at the end."""
    items.sort(key=lambda item: group_of(item.nodeid) != LARGEST)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SHARED] = Shared()
    gc.disable()  # thousands of tests and modules are no garbage, and looking for it takes seconds


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After the last test of a group, end what its tests shared."""
    yield
    if nextitem is None or group_of(nextitem.nodeid) != group_of(item.nodeid):
        item.config.stash[_SHARED].end()


@pytest.fixture(scope="session")
def shared_by_group(pytestconfig: pytest.Config) -> Shared:
    return pytestconfig.stash[_SHARED]


def _absent(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set, so this is a failure)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sqlite_for_tests(tmp_path_factory: pytest.TempPathFactory) -> SqliteForTests:
    return SqliteForTests(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_for_tests() -> Iterator[PostgresForTests | str]:
    """A database made for this session and dropped at its end, or why there is none."""
    with PostgresForTests.made_on(POSTGRES) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table; the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.sqlite3'}"
        return
    with postgres_database(POSTGRES) as url:
        if not url.startswith("postgresql:"):
            _absent(url)
        yield url


@pytest.fixture
def other_encoding_url(encoding: str) -> Iterator[str]:
    """The URL of a blank PostgreSQL database with the test's `encoding`."""
    options = f"TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    with postgres_database(POSTGRES, options) as url:
        if not url.startswith("postgresql:"):
            _absent(url)
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database; the test runs once on each kind."""
    if request.param == "sqlite":
        empty: SqliteForTests = request.getfixturevalue("sqlite_for_tests")
        return empty.copied_to(tmp_path / "tripletlab.sqlite3")
    made: PostgresForTests | str = request.getfixturevalue("postgres_for_tests")
    if isinstance(made, str):
        _absent(made)
    made.empty()
    return made.url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database; the test runs once on each kind."""
    opened = Database(database_url)
    if opened.engine.dialect.name == "postgresql":
        event.listen(opened.engine, "do_executemany", _in_one_statement)
    yield opened
    opened.close()


def _in_one_statement(_cursor: Any, statement: str, _values: Any, _context: Any) -> NoReturn:
    """psycopg sends many at once as a pipeline, and after one of them PostgreSQL may not notice
    that a session stands still with its locks (`test_store_standstill.py`)."""
    raise AssertionError(f"not in one statement: {statement}")


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketForTests]:
    """A bucket on an S3 server of the tests' own, for the tests of one file."""
    with bucket_in(tmp_path_factory.mktemp("bucket")) as started:
        yield started


@pytest.fixture(scope="session")
def _redis_for_tests() -> Iterator[RedisForTests | str]:
    try:
        own = RedisForTests(REDIS)
    except unavailable as error:
        yield f"no Redis for tests at {urlsplit(REDIS).hostname}: {error}"
        return
    yield own
    own.give_up()


@pytest.fixture
def redis_url(_redis_for_tests: RedisForTests | str) -> str:
    """The URL of an empty Redis database that no one else uses; never number 0."""
    if isinstance(_redis_for_tests, str):
        _absent(_redis_for_tests)
    _redis_for_tests.empty()
    return _redis_for_tests.url
