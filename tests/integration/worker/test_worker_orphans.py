"""Files without an owner are collected, and every file that has one stays."""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

import pytest
from sqlalchemy import update

from models.settings import Settings
from models.states import RunState
from models.store.database import Database
from models.store.ids import made_at, new_id
from models.store.tables import Dataset
from worker.housekeeping.orphans import OrphanCollector

from support.orphans import run_of
from support.stored import stored_run

AGE = 3600.0
Old = Callable[[str], Path]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def old(data: Path) -> Old:
    """Makes a file of the data folder that was last written to two hours ago."""

    def make(name: str) -> Path:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"some")
        _age(path, data)
        return path

    return make


def _age(path: Path, data: Path) -> None:
    then = time.time() - 2 * AGE
    while path != data:
        os.utime(path, (then, then), follow_symlinks=False)
        path = path.parent


@pytest.fixture
def collector(database: Database, data: Path) -> OrphanCollector:
    settings = Settings(data_dir=data, database_url=database.url, orphan_seconds=AGE)
    return OrphanCollector(database, settings)


def test_a_folder_of_a_run_that_is_nowhere_goes_with_a_log_line(
    database: Database, collector: OrphanCollector, old: Old, caplog: pytest.LogCaptureFixture
) -> None:
    kept = old(f"runs/{run_of(database, RunState.SUCCEEDED)}/weights.safetensors")
    gone = old(f"runs/{new_id('run')}/checkpoints/step-3.safetensors").parents[1]
    with caplog.at_level(logging.WARNING):
        assert collector.collect() == [gone]
    assert not gone.exists()
    assert kept.exists()
    assert f"removed the orphan {gone}" in caplog.text
    assert collector.collect() == []


def test_nothing_young_is_touched_not_even_in_an_old_folder(
    database: Database, collector: OrphanCollector, old: Old, data: Path
) -> None:
    run_of(database, RunState.QUEUED)
    folder = old(f"runs/{new_id('run')}/weights.safetensors").parent
    young = folder / "checkpoints" / "step-4.json"
    young.parent.mkdir()
    young.write_bytes(b"")
    _age(young.parent, data)  # a file that is written to leaves its folder's own time alone
    (data / "uploads").mkdir()
    (data / "uploads" / "tmpabcd1234").write_bytes(b"")
    assert collector.collect() == []


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FAILED, RunState.CANCELLED])
def test_half_written_files_go_and_checkpoints_to_go_on_from_stay(
    database: Database, collector: OrphanCollector, old: Old, state: RunState
) -> None:
    folder = f"runs/{run_of(database, state)}"
    half = [
        old(f"{folder}/checkpoints/.step-9.safetensors.123.part"),
        old(f"{folder}/.weights.safetensors.77.part"),
    ]
    kept = [
        old(f"{folder}/checkpoints/step-8.safetensors"),
        old(f"{folder}/checkpoints/step-8.json"),
    ]
    assert sorted(collector.collect()) == sorted(half)
    assert all(path.exists() for path in kept)


def test_no_file_of_a_running_run_is_touched(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    folder = f"runs/{run_of(database, RunState.RUNNING)}"
    half = old(f"{folder}/checkpoints/.step-9.safetensors.123.part")
    assert collector.collect() == []
    assert half.exists()


def test_checkpoints_of_a_run_that_succeeded_go_and_its_results_stay(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    folder = f"runs/{run_of(database, RunState.SUCCEEDED)}"
    weights = old(f"{folder}/weights.safetensors")
    left = old(f"{folder}/checkpoints/step-8.safetensors").parent
    assert collector.collect() == [left]
    assert weights.exists()


def test_what_killed_uploads_left_goes(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    run_of(database, RunState.QUEUED)
    left = [
        old("uploads/tmpabcd12_4"),
        old("datasets/.c0ffee-x1y2z3w4/pairs.parquet").parent,
        old("datasets/c0ffee/.tokens-word-x1y2z3w4/ids.npy").parent,
    ]
    kept = [old("datasets/c0ffee/pairs.parquet"), old("datasets/c0ffee/tokens-word/ids.npy")]
    assert sorted(collector.collect()) == sorted(left)
    assert all(path.exists() for path in kept)


def test_only_names_that_the_service_gives_are_looked_at(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    run_of(database, RunState.QUEUED)
    kept = [old("runs/mine/notes.txt"), old("uploads/notes.txt"), old("notes/.a.1.part")]
    assert collector.collect() == []
    assert all(path.exists() for path in kept)


def test_nothing_outside_the_data_folder_is_reached_by_a_link(
    database: Database,
    collector: OrphanCollector,
    data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run_of(database, RunState.QUEUED)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "tmpabcd1234").write_bytes(b"some")
    os.utime(outside / "tmpabcd1234", (1, 1))
    (data / "runs").mkdir(parents=True)
    (data / "runs" / new_id("run")).symlink_to(outside)
    (data / "uploads").symlink_to(outside)
    _age(data / "runs" / next((data / "runs").iterdir()).name, data)
    assert collector.collect() == []
    assert (outside / "tmpabcd1234").exists()
    assert caplog.text == "", "a link is not even tried"


def test_folders_from_before_this_database_began_are_anothers(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    folder = old(f"runs/{new_id('run')}/weights.safetensors").parent
    assert collector.collect() == [], "a database without any row has made nothing"
    with database.transaction() as session:
        stored_run(session)
        later = made_at(folder.name) + timedelta(seconds=1)
        session.execute(update(Dataset).values(created_at=later))
    assert collector.collect() == []
    assert folder.exists()


def test_a_round_comes_no_more_often_than_it_should(
    database: Database, collector: OrphanCollector, old: Old
) -> None:
    run_of(database, RunState.QUEUED)
    folder = old(f"runs/{new_id('run')}/weights.safetensors").parent
    collector.collect_when_due()
    assert folder.exists()


def test_a_round_that_takes_long_holds_up_nobody_and_no_other_begins_meanwhile(
    database: Database, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = OrphanCollector(database, Settings(data_dir=data, orphan_seconds=1e-6))
    begun, may_end = SimpleQueue[bool](), threading.Event()

    def collect() -> None:
        begun.put(True)
        may_end.wait()

    monkeypatch.setattr(collector, "collect", collect)
    collector.collect_when_due()
    assert begun.get()
    collector.collect_when_due()
    assert begun.empty()
    may_end.set()


def test_an_id_says_when_it_was_made() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert before <= made_at(new_id("run")) <= datetime.now(UTC)
    with pytest.raises(ValueError, match="is not an id"):
        made_at("run_none")
