"""The compiled code of the encoders, built from the present source for a test."""

import ctypes
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from worker.training.encoders.compiled import load

from support.project import ROOT


def build(folder: Path, *, environment: dict[str, str] | None = None) -> list[Path]:
    """What `setup.py` builds into a folder: the compiled code, or nothing."""
    command = [sys.executable, "setup.py", "-q", "build_ext"]
    command += ["--build-temp", str(folder / "objects"), "--build-lib", str(folder / "built")]
    subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        capture_output=True,
        env={**os.environ, **(environment or {})},
    )
    return sorted((folder / "built").rglob("kernels.*"))


@cache
def built_kernels() -> ctypes.CDLL:
    """The compiled code; skips the test where there is no C compiler, and fails it in a CI."""
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("there is no C compiler")
    with TemporaryDirectory() as folder:
        (file,) = build(Path(folder))
        library = load(file)
    assert library is not None
    return library
