"""Workers in the store: announced, alive while they beat, draining when asked, then gone."""

from datetime import UTC, timedelta, timezone

import pytest

from models.errors import NotFound
from models.store import workers
from models.store.database import Database

from support.stored import at


def register(database: Database, worker_id: str, *, slots: int = 2, seconds: float = 0) -> None:
    with database.transaction() as session:
        workers.register(
            session,
            worker_id=worker_id,
            host="box",
            pid=42,
            slots=slots,
            cuda_devices=1,
            now=at(seconds),
        )


def alive(database: Database, seconds: float) -> list[str]:
    with database.reading() as session:
        return [worker.id for worker in workers.live_workers(session, at(seconds), 30)]


def test_a_worker_says_what_it_has(database: Database) -> None:
    register(database, "w1", slots=3, seconds=5)
    with database.reading() as session:
        [worker] = workers.live_workers(session, at(5), 30)
    assert (worker.id, worker.host, worker.pid) == ("w1", "box", 42)
    assert (worker.slots, worker.cuda_devices, worker.draining) == (3, 1, False)
    assert worker.started_at == worker.heartbeat_at == at(5)


def test_a_worker_lives_as_long_as_its_heartbeat_is_young(database: Database) -> None:
    register(database, "old")
    register(database, "new", seconds=20)
    assert alive(database, 30) == ["old", "new"]
    assert alive(database, 31) == ["new"]
    with database.transaction() as session:
        workers.beat(session, "old", at(40))
    assert alive(database, 60) == ["old"]


def test_a_heartbeat_told_in_another_time_zone_is_the_same_moment(database: Database) -> None:
    register(database, "w1")
    there = at(50).astimezone(timezone(timedelta(hours=9)))
    with database.transaction() as session:
        workers.beat(session, "w1", there)
    with database.reading() as session:
        [worker] = workers.live_workers(session, there, 30)
    assert (worker.heartbeat_at, worker.heartbeat_at.tzinfo) == (at(50), UTC)


def test_a_worker_told_to_drain_knows_it(database: Database) -> None:
    register(database, "w1")
    register(database, "w2")
    with database.transaction() as session:
        workers.drain(session, "w1")
    with database.reading() as session:
        assert workers.is_draining(session, "w1")
        assert not workers.is_draining(session, "w2")


def test_a_worker_that_starts_again_under_its_id_is_not_draining(database: Database) -> None:
    register(database, "w1", slots=2)
    with database.transaction() as session:
        workers.drain(session, "w1")
    register(database, "w1", slots=8, seconds=9)
    with database.reading() as session:
        [worker] = workers.live_workers(session, at(9), 30)
    assert (worker.slots, worker.draining, worker.started_at) == (8, False, at(9))


def test_a_retired_worker_is_gone(database: Database) -> None:
    register(database, "w1")
    with database.transaction() as session:
        workers.retire(session, "w1")
        workers.retire(session, "w1")
        workers.drain(session, "w1")
    assert alive(database, 0) == []
    with database.transaction() as session:
        assert not workers.is_draining(session, "w1")
        with pytest.raises(NotFound, match="'w1'"):
            workers.beat(session, "w1", at(1))
