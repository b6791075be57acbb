"""Labs for the worker's tests, one for each way in which the service is run.

A worker's processes import torch, which is most of what these tests cost. Those that need nothing
but a worker share one: `Lab.worker` starts it where none runs. `support/groups.py` says which files
share the embedded lab.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.serving.embedded_broker import EmbeddedBroker

from support.databases import SqliteForTests
from support.groups import Shared
from support.workers import Lab


@pytest.fixture(scope="module")
def embedded_lab(
    shared_by_group: Shared,
    sqlite_for_tests: SqliteForTests,
    tmp_path_factory: pytest.TempPathFactory,
) -> Lab:
    """SQLite and the embedded broker; shared, with its worker, by the files of a group."""

    @contextmanager
    def start() -> Iterator[Lab]:
        folder = tmp_path_factory.mktemp("lab")
        with EmbeddedBroker(folder / "broker") as broker:
            url = sqlite_for_tests.copied_to(folder / "lab.sqlite3")
            yield from _open(folder, url, broker.url)

    lab: Lab = shared_by_group.get("embedded lab", start)
    return lab


@pytest.fixture(scope="module")
def server_lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """PostgreSQL and Redis; no worker yet."""
    postgres = request.getfixturevalue("postgres_for_tests")
    redis = request.getfixturevalue("_redis_for_tests")
    for absent in (postgres, redis):
        if isinstance(absent, str):
            (pytest.fail if os.environ.get("CI") else pytest.skip)(absent)
    postgres.empty()
    redis.empty()
    yield from _open(tmp_path_factory.mktemp("lab"), postgres.url, redis.url)


@pytest.fixture(scope="module", params=["embedded_lab", "server_lab"])
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each lab in turn, shared by the tests of a module."""
    made: Lab = request.getfixturevalue(request.param)
    return made


def _open(folder: Path, database_url: str, broker_url: str) -> Iterator[Lab]:
    lab = Lab(folder, database_url, broker_url)
    try:
        yield lab
    finally:
        lab.close()
