"""A supervised child that is started as a fork: it has what its parent imported, and nothing else.

Each parent is a process of its own, since the tests' process has threads.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.process_tree import command_of, is_alive
from support.project import ROOT
from support.workers import wait_until

PARENT = """
import atexit, os, signal, sys, threading, time
import colorsys
from models.processes.supervised import Backoff, SupervisedProcess

atexit.register(print, "the parent's end")
signal.signal(signal.SIGTERM, lambda *_: print("the parent's handler", flush=True))
reader, given = os.pipe()
environment = {**os.environ, "GIVEN": str(given)}
environment.pop("KEPT_BACK")
child = SupervisedProcess(
    "child",
    lambda: [sys.executable, "-m", "program", *sys.argv[1:]],
    Backoff(0, 4, 60),
    environment=environment,
    files=[given],
)
"""
PROGRAM = """
import json, os, signal, sys, time

def is_open(file):
    return os.path.exists(f"/proc/self/fd/{file}")

told = {
    "name": __name__,
    "arguments": sys.argv[1:],
    "environment": [os.environ.get(name) for name in ("GIVEN", "KEPT_BACK")],
    "files": [one for one in sorted(map(int, os.listdir("/proc/self/fd"))) if is_open(one)],
    "leads": os.getsid(0) == os.getpid(),
    "has_imported": "colorsys" in sys.modules,
    "ends_at_sigterm": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
    "pid": os.getpid(),
    "parent": os.getppid(),
}
print(json.dumps(told), flush=True)
if sys.argv[1] == "stays":
    time.sleep(600)
sys.exit(int(sys.argv[1]))
"""


def parent(folder: Path, code: str, argument: str) -> "subprocess.Popen[str]":
    (folder / "program.py").write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "KEPT_BACK": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PARENT + code, argument],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_a_fork_has_its_parents_imports_and_nothing_else_of_it(tmp_path: Path) -> None:
    code = "child.fork(); os.waitpid(child.pid, 0); print(child.pid, flush=True); os._exit(0)"
    with parent(tmp_path, code, "0") as process:
        told, (pid, *more) = line(process), process.stdout.read().splitlines()  # type: ignore[union-attr]
    assert told["name"] == "__main__"
    assert told["arguments"] == ["0"]
    assert told["environment"] == [str(told["files"][-1]), None]
    assert told["files"][:3] == [0, 1, 2]
    assert len(told["files"]) == 4, "the one that it is given beside the standard three"
    assert told["leads"]
    assert told["has_imported"]
    assert told["ends_at_sigterm"]
    assert (int(pid), more) == (told["pid"], []), "nothing that the parent does at its exit"


@pytest.mark.parametrize("status", [0, 3])
def test_its_end_is_noticed_and_it_is_started_again_as_a_program(
    tmp_path: Path, status: int
) -> None:
    code = """
import logging; logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
child.fork()
first = child.pid
while child.pid == first:
    child.keep_alive()
    time.sleep(0.01)
while child._process.poll() is None:
    time.sleep(0.01)
os._exit(0)
"""
    with parent(tmp_path, code, str(status)) as process:
        first = line(process)
        assert process.stdout is not None
        assert f"ended with status {status}" in process.stdout.readline()
        second = line(process)
    assert first["parent"] == second["parent"] == process.pid
    assert (first["has_imported"], second["has_imported"]) == (True, False)


def test_a_fork_is_stopped_in_order_and_shows_its_program_meanwhile(tmp_path: Path) -> None:
    code = "child.fork(); time.sleep(0.5); sys.stdin.readline(); print(child.stop(60)); os._exit(0)"
    with parent(tmp_path, code, "stays") as process:
        pid = line(process)["pid"]
        assert command_of(pid)[0].split() == ["python", "-m", "program", "stays"]
        assert process.stdout is not None
        assert process.stdout.read() == "True\n"
    assert not is_alive(pid)


def test_a_fork_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    with parent(tmp_path, "child.fork(); time.sleep(600)", "stays") as process:
        pid = line(process)["pid"]
        assert is_alive(pid)
        process.send_signal(signal.SIGKILL)
        wait_until("its end", lambda: not is_alive(pid))


def test_a_process_with_threads_forks_nothing(tmp_path: Path) -> None:
    code = """
threading.Thread(target=time.sleep, args=[600], daemon=True).start()
child.fork()
print(child.pid)
sys.stdout.flush()
child.keep_alive()
child._process.wait()
os._exit(0)
"""
    with parent(tmp_path, code, "0") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "None\n"
        assert not line(process)["has_imported"]
