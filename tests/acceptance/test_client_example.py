"""The example of the Python client, run to its end as its first lines say, on a real service."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from support.commands import PATIENCE, environment, stopped
from support.project import ROOT
from support.serving import Served

EXAMPLE = ROOT / "docs" / "client_example.py"


@pytest.mark.timeout(5 * PATIENCE)  # a worker's processes start slowly on a busy machine
def test_the_example_of_the_client_runs_to_its_end_where_only_the_file_is(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    service = Served(tmp_path)
    request.addfinalizer(service.process.kill)
    beside = tmp_path / "notebook"
    beside.mkdir()
    file = httpx.get(f"{service.url}/client/tripletlab.py", timeout=60)
    assert file.headers["content-type"].startswith("text/x-python")
    (beside / "tripletlab.py").write_bytes(file.content)
    shutil.copy(EXAMPLE, beside)
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLE.name],
        cwd=beside,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        env=environment(TRIPLETLAB_URL=service.url) | {"PYTHONPATH": ""},
    )
    assert stopped(service.process, signal.SIGTERM) == 0
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stderr
    for told in (
        "kitchen: 800 pairs",
        "'pointer': '/batch_size'",
        "4 runs, about",
        "a verdict needs at least 6 seeds",
        "undecided",
        "weights.safetensors",
    ):
        assert told in done.stdout, (told, done.stdout)
