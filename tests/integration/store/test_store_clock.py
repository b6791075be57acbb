"""The clock that leases are measured with."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from models.store import clock
from models.store.database import Database


class AnHourAhead:
    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime.now(zone) + timedelta(hours=1)


def test_the_time_is_the_databases_whatever_this_machines_clock_says(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = datetime.now(UTC)
    monkeypatch.setattr(clock, "datetime", AnHourAhead)
    with database.transaction() as session:
        first, second = clock.now(session), clock.now(session)
    assert first.tzinfo is UTC
    assert second > first, "time stands still inside a transaction"
    ahead = first - own > timedelta(minutes=30)
    # with SQLite all processes are on this machine, whose clock is therefore everyone's
    assert ahead == (database.engine.dialect.name == "sqlite")
