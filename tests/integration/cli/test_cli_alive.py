"""`tripletlab alive`, which a container asks whether its worker lives."""

import platform
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.store.database import Database
from models.store.workers import register

from support.commands import tripletlab

HERE = platform.node()


@pytest.mark.parametrize(
    ("host", "silent_seconds", "code"),
    [(HERE, 5, 0), (HERE, 90, 1), ("another-host", 5, 1)],
    ids=["alive", "silent", "elsewhere"],
)
def test_only_a_worker_of_this_machine_that_beats_is_alive(
    database: Database, database_url: str, host: str, silent_seconds: int, code: int
) -> None:
    heard = datetime.now(UTC) - timedelta(seconds=silent_seconds)
    with database.transaction() as session:
        register(session, worker_id="wrk_1", host=host, pid=1, slots=1, cuda_devices=0, now=heard)
    # a lease that a slow machine does not outlive while the command starts
    asked = tripletlab("alive", TRIPLETLAB_DATABASE_URL=database_url, TRIPLETLAB_LEASE_SECONDS="60")
    assert asked.returncode == code, asked.stderr
    expected = f"wrk_1 on {HERE}" if code == 0 else f"No worker of {HERE} is alive."
    assert asked.stderr.strip() == expected


def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path) -> None:
    nowhere = "postgresql://lab:hunter2@127.0.0.1:9/lab?connect_timeout=2"
    asked = tripletlab("alive", TRIPLETLAB_DATABASE_URL=nowhere, TRIPLETLAB_DATA_DIR=str(tmp_path))
    assert asked.returncode == 1
    assert asked.stderr.strip() == "The database does not answer."
