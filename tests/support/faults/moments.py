"""Moments of milliseconds, hit for certain: watch the file system, hold the process, look again.

A process that is stopped by SIGSTOP inside the moment is still inside it when the killing signal
comes; one that slipped through goes on and is watched for its next time.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from models.files.run_files import SCORES, WEIGHTS

_LOOK = 0.0005  # seconds; a synced file of a checkpoint is there for longer
_AHEAD = -15  # niceness of the watcher, where it may: a busy machine must not let it look too late


def hold_when(pid: int, inside: Callable[[], bool], seconds: float) -> bool:
    """Stop the process in the moment that `inside` tells; False when none came in that time."""
    end = time.monotonic() + seconds
    with _ahead_of_others():
        while time.monotonic() < end and os.path.exists(f"/proc/{pid}"):
            if not inside():
                time.sleep(_LOOK)
                continue
            try:
                os.kill(pid, signal.SIGSTOP)
                if inside():
                    return True
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                return False
    return False


def writes_a_checkpoint(run_folder: Path, pid: int) -> Callable[[], bool]:
    """A file of a checkpoint is there in part, and by no name that a reader takes."""
    return lambda: any(_is_part(name, pid) for name in _names(run_folder / "checkpoints"))


def writes_results(run_folder: Path, pid: int) -> Callable[[], bool]:
    """The last step is done, its results are being written, or are: the commit comes next.

    Whether it has come is for the caller to see in the database.
    """
    there = {name: _written_at(run_folder / name) for name in (SCORES, WEIGHTS)}

    def inside() -> bool:
        if any(_is_part(name, pid) for name in _names(run_folder)):
            return True
        return any(_written_at(run_folder / name) != before for name, before in there.items())

    return inside


def _is_part(name: str, pid: int) -> bool:
    """Whether this process is writing the file that this is to become (`models.files.atomic`)."""
    return name.endswith(".part") and f".{pid}." in name


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@contextmanager
def _ahead_of_others() -> Iterator[None]:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _AHEAD)
    except PermissionError:
        yield  # not root: the watcher takes its turn as all do
        return
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
