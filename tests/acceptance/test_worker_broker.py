"""A worker whose Redis went away while a run ended takes the next one when Redis is back."""

import os
import signal
from collections.abc import Iterator

import pytest

from support.databases import SqliteForTests
from support.faults.own_servers import Absent, OwnRedis
from support.faults.processes import pool_children_in
from support.workers import Lab, wait_until

LONG = {"steps": 1000, "evaluate_every": 1000}


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:
    try:
        server = OwnRedis(tmp_path_factory.mktemp("redis"))
    except Absent as absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(absent))
    server.start()
    yield server
    server.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def own_lab(
    redis: OwnRedis, sqlite_for_tests: SqliteForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A lab with a Redis of its own, which may be hurt."""
    folder = tmp_path_factory.mktemp("lab")
    lab = Lab(folder, sqlite_for_tests.copied_to(folder / "lab.sqlite3"), redis.url)
    yield lab
    lab.close()


def test_a_run_that_ends_while_redis_is_away_frees_its_slot(own_lab: Lab, redis: OwnRedis) -> None:
    own_lab.spoiled.at(30, "2")  # seconds
    worker = own_lab.worker()
    run = own_lab.create_one()
    wait_until("the slow step", own_lab.spoiled.is_used_up)
    redis.end(signal.SIGKILL)
    own_lab.wait_for_success(run)
    wait_until("a lost acknowledgement", lambda: "Couldn't ack" in worker.log())
    redis.start()
    own_lab.wait_for_success(own_lab.create_one(steps=3))


def test_a_slot_that_dies_while_redis_is_away_takes_its_run_again(
    own_lab: Lab, redis: OwnRedis
) -> None:
    worker = own_lab.worker()
    run = own_lab.create_one(**LONG)
    own_lab.wait_for_step(run, 1)
    redis.end(signal.SIGKILL)
    (child,) = pool_children_in(worker.family())
    os.kill(child, signal.SIGKILL)
    wait_until("a message that is not given back", lambda: "Couldn't reject" in worker.log())
    own_lab.expire_lease(run)
    redis.start()
    (again,) = own_lab.wait_for_success(run)
    assert again.attempt == 2
