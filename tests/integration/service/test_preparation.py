"""A process prepares what the API needs, and the API says why where it cannot."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from api.serving.preparation import preparing
from models.datasets.generated.generator import GENERATED
from models.errors import ServiceUnavailable
from models.settings import Settings
from models.store.database import Database
from models.store.datasets import dataset_by_name
from models.store.schema_version import check

from support.project import ROOT


def test_the_schema_and_the_generated_data_set_are_there_afterwards(
    blank_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=blank_url)
    for _ in range(2):  # and the second time all is there
        with preparing(settings) as wait:
            wait()
    database = Database(blank_url)
    check(database)
    with database.reading() as session:
        digest = dataset_by_name(session, GENERATED).content_hash
    database.close()
    assert any((tmp_path / "datasets" / digest).iterdir())


def test_what_answers_requests_is_not_imported_for_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from api.serving.preparation import prepare; from models.settings import Settings\n"
        "prepare(Settings(data_dir=Path(sys.argv[1])))\n"
        "print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "alembic" in imported
    assert imported.isdisjoint({"fastapi", "starlette", "uvicorn", "celery", "kombu"})


def test_what_stands_in_its_way_is_said(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE invoices (id)")
    unusable = {f"sqlite:///{tmp_path}/other.sqlite": "not Tripletlab's", "oracle://db": "oracle"}
    for url, reason in unusable.items():
        settings = Settings(data_dir=tmp_path, database_url=url)
        with preparing(settings) as wait, pytest.raises(ServiceUnavailable, match=reason):
            wait()


def test_a_fault_of_the_program_is_left_to_the_log(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("in the way of a folder")
    with preparing(Settings(data_dir=tmp_path)) as wait:
        with pytest.raises(ServiceUnavailable, match="the log says why"):
            wait()


def test_it_ends_with_a_service_that_stops_before_it_is_ready(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from api.serving.preparation import preparing; from models.settings import Settings\n"
        "with preparing(Settings(data_dir=Path(sys.argv[1]))): raise KeyboardInterrupt"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    # its standard error stays open for as long as one of the two processes lives
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert "KeyboardInterrupt" in ended.stderr
    assert not (tmp_path / "tripletlab.sqlite3").exists()
