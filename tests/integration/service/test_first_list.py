"""What the first list of experiments would wait for is done before anybody asks for it."""

import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.sql.compiler import SQLCompiler

from api.experiments.summaries import page_of
from api.serving.first_list import read_first_list
from models.store.database import Database

from support.project import ROOT
from support.stored import stored_experiment


def test_no_query_is_left_to_be_compiled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []
    made = SQLCompiler.__init__

    def noted(self: SQLCompiler, *arguments: object, **more: object) -> None:
        compiled.append(self)
        made(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SQLCompiler, "__init__", noted)
    read_first_list(database)
    assert compiled
    compiled.clear()
    with database.reading() as session:
        assert page_of(session, verdict=None, after=None, limit=50) == ([], None)
    assert not compiled


def test_scipy_is_there() -> None:
    program = (
        "import sys; from api.serving.first_list import read_first_list\n"
        "from models.store.database import Database\n"
        "assert 'scipy.special' not in sys.modules\n"
        "read_first_list(Database('sqlite://'))\n"
        "assert 'scipy.special' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_database_that_cannot_be_read_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    read_first_list(Database("sqlite://"))  # without a schema
    assert "Traceback" not in capsys.readouterr().err


def test_an_experiment_that_cannot_be_read_ends_nothing(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as session:
        stored_experiment(session)
        if database.engine.dialect.name == "sqlite":  # which keeps any text as a date
            session.execute(text("UPDATE experiments SET created_at = 'yesterday'"))
        else:  # which no date of Python is
            session.execute(text("UPDATE experiments SET created_at = 'infinity'"))
    read_first_list(database)
    assert "Traceback" not in capsys.readouterr().err
