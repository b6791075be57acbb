"""What nobody owns any more goes from the bucket too, and what is owned or young stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from models.settings import Settings
from models.states import RunState
from models.store.database import Database
from models.store.experiments import experiment
from models.store.ids import new_id
from models.store.run_life import runs
from models.store.tables import Dataset
from worker.housekeeping.orphans import OrphanCollector

from support.buckets import BucketForTests
from support.orphans import run_of


def settings_of(bucket: BucketForTests, data: Path, age: float) -> Settings:
    return Settings(data_dir=data, files_url=bucket.url, orphan_seconds=age)


def give(settings: Settings, name: str) -> str:
    """An object, of which this host has no copy; its name."""
    settings.file_store().write(settings.data_dir / name, b"some")
    return name


def dataset_of(database: Database, run_id: str) -> str:
    with database.reading() as session:
        return experiment(session, runs.run(session, run_id).experiment_id).content_hash


def test_objects_of_no_row_go_and_those_of_a_row_stay(
    database: Database, bucket: BucketForTests, tmp_path: Path
) -> None:
    settings = settings_of(bucket, tmp_path / "data", age=1e-6)
    done, failed = run_of(database, RunState.SUCCEEDED), run_of(database, RunState.FAILED)
    kept = [
        give(settings, f"runs/{done}/weights.safetensors"),
        give(settings, f"runs/{failed}/checkpoints/step-3.json"),
        give(settings, "runs/notes.txt"),
        give(settings, f"datasets/{dataset_of(database, done)}/pairs.parquet"),
    ]
    give(settings, f"datasets/{'f' * 64}/pairs.parquet")
    give(settings, f"runs/{done}/checkpoints/step-3.json")
    give(settings, f"runs/{new_id('run')}/weights.safetensors")
    collector = OrphanCollector(database, settings)
    assert len(collector.collect()) == 3
    assert bucket.names() == sorted(kept)
    assert collector.collect() == []
    settings.file_store().remove(settings.data_dir / "runs", settings.data_dir / "datasets")


def test_young_objects_stay_and_so_do_all_from_before_the_database(
    database: Database, bucket: BucketForTests, tmp_path: Path
) -> None:
    run_of(database, RunState.SUCCEEDED)
    settings = settings_of(bucket, tmp_path / "data", age=3600)
    young = [
        give(settings, f"datasets/{'f' * 64}/pairs.parquet"),
        give(settings, f"runs/{new_id('run')}/weights.safetensors"),
    ]
    assert OrphanCollector(database, settings).collect() == []
    with database.transaction() as session:
        session.execute(update(Dataset).values(created_at=datetime.now(UTC) + timedelta(days=1)))
    at_once = settings_of(bucket, tmp_path / "data", age=1e-6)
    assert OrphanCollector(database, at_once).collect() == []
    assert bucket.names() == young
    settings.file_store().remove(settings.data_dir / "runs", settings.data_dir / "datasets")
