"""`make device-check` works on a machine without a GPU, where it is small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import ROOT


@pytest.mark.timeout(1100)  # its parts have limits of their own
def test_its_stacks_and_its_service_run_on_a_cpu_and_are_told(tmp_path: Path) -> None:
    out = tmp_path / "check.json"
    only = ["--device", "cpu", "--only", "stacks", "service", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "benchmarks/device_check.py", *only],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    parts = {part["name"]: part for part in json.loads(out.read_text())["parts"]}
    assert "trained in" in "\n".join(parts["stacks"]["said"])
    assert "the same spec gave the same bits twice" in parts["service"]["said"]
    assert "| service |" in out.with_suffix(".md").read_text()
