"""What the Python client gives without a service: tables, frames, and lines of progress."""

import subprocess
import sys
from pathlib import Path

import pytest

from api import client as source
from api.client import Experiment

from support.alone import ALONE


def test_a_table_gives_its_columns_by_name_and_its_rows_by_number() -> None:
    table = source.Table({"seed": [0, 1, 2], "loss": [0.5, 0.25, 0.125]})
    assert table["seed"] == [0, 1, 2]
    assert table[:2] == {"seed": [0, 1], "loss": [0.5, 0.25]}
    assert table[1:][0] == table[1] == {"seed": 1, "loss": 0.25}
    assert table[::-1]["loss"] == [0.125, 0.25, 0.5]
    for rows, number in ((table, 3), (source.Table(), 0)):
        with pytest.raises(IndexError):
            rows[number]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_without_its_library_is_said_in_words(tmp_path: Path, library: str) -> None:
    (tmp_path / "tripletlab.py").write_bytes(Path(source.__file__).read_bytes())
    use = (
        "from tripletlab import Misused, Table\n"
        "try:\n"
        f"    Table(seed=[0]).frame({library!r})\n"
        "except Misused as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", ALONE + use], cwd=tmp_path, env={}, capture_output=True, text=True
    )
    assert f"needs {library}, which is not installed" in done.stdout, done.stderr


def test_a_library_whose_own_import_fails_is_not_called_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pandas.py").write_text("import a_part_that_pandas_needs")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    with pytest.raises(ModuleNotFoundError, match="a_part_that_pandas_needs"):
        source.Table(seed=[0]).frame()


def progress_of(state: str, progress: float, waiting_for: str | None = None) -> Experiment:
    return Experiment(
        document={},
        id="exp_t",
        name="Mine",
        state=state,
        progress=progress,
        seconds_left=30.0 if state == "running" else None,
        waiting_for=waiting_for,
    )


def test_progress_in_a_file_is_a_line_for_each_state_and_tenth(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):  # the second time nothing is left over of the first
        source.print_progress(progress_of("queued", 0.0, "a worker"))
        for percent in range(0, 100, 5):
            source.print_progress(progress_of("running", percent / 100))
        source.print_progress(progress_of("succeeded", 1.0))
        lines = capsys.readouterr().err.splitlines()
        assert lines[0] == "Mine: queued, 0 %, waits for a worker"
        assert lines[1] == "Mine: running, 0 %, about 30 s left"
        assert lines[-1] == "Mine: succeeded, 100 %"
        assert len(lines) == 12


def test_progress_on_a_terminal_is_one_line_that_is_overwritten(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for experiment in (progress_of("running", 0.5), progress_of("succeeded", 1.0)):
        source.print_progress(experiment)
    said = capsys.readouterr().err
    assert (said.count("\r\x1b[K"), said.count("\n")) == (2, 1)
    assert said.endswith("Mine: succeeded, 100 %\n")
