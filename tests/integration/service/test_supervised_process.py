"""A supervised child process: started again when it dies, stopped in order, bound to its parent.

The children are real. Pauses are measured on a clock that the test moves, so none is waited for.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from models.processes.supervised import Backoff, SupervisedProcess

from support.process_tree import is_alive
from support.workers import wait_until

BACKOFF = Backoff(first=1.0, longest=4.0, healthy=60.0)
FOR_EVER = "import time; time.sleep(600)"

# prints the pid of a child of its own, and ends at SIGTERM while that child goes on
WITH_A_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from models.processes.supervised import Backoff, SupervisedProcess
child = SupervisedProcess(
    "child", lambda: [sys.executable, "-c", "import time; time.sleep(600)"], Backoff(1, 4, 60)
)
child.{begin}()
while child.pid is None:
    time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(600)
"""


class ClockForTests:
    """Moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


Start = Callable[..., SupervisedProcess]


@pytest.fixture
def clock() -> ClockForTests:
    return ClockForTests()


@pytest.fixture
def supervised(clock: ClockForTests) -> Iterator[Start]:
    """Makes supervised processes of a Python program, which are gone after the test."""
    made: list[SupervisedProcess] = []

    def make(program: str = FOR_EVER, **options: Any) -> SupervisedProcess:
        given = {
            "command": lambda: [sys.executable, "-c", program],
            "backoff": BACKOFF,
            "clock": clock,
            **options,
        }
        made.append(SupervisedProcess("child", **given))
        return made[-1]

    yield make
    for process in made:
        process.kill()


def the_pid(process: SupervisedProcess) -> int:
    assert process.pid is not None
    return process.pid


def kill(process: SupervisedProcess) -> None:
    """Kill the process without a word to its supervisor."""
    pid = the_pid(process)
    os.kill(pid, signal.SIGKILL)
    wait_until("the end of the process", lambda: not is_alive(pid))


def printed(log: Path) -> str:
    wait_until("a line of the child", lambda: log.exists() and log.read_text().endswith("\n"))
    return log.read_text().strip()


def pause_after_death(process: SupervisedProcess, clock: ClockForTests) -> float:
    """Kill the process; the seconds of the clock until `keep_alive` starts it again."""
    kill(process)
    dead, killed_at = process.pid, clock.now
    for _ in range(100):
        process.keep_alive()
        if process.pid != dead:
            return clock.now - killed_at
        clock.now += 0.5
    raise AssertionError("it is never started again")


def test_a_process_that_lives_is_left_alone(supervised: Start, clock: ClockForTests) -> None:
    process = supervised()
    process.keep_alive()
    first = the_pid(process)
    clock.now += 1000
    process.keep_alive()
    assert process.pid == first
    assert is_alive(first)


def test_a_process_that_died_is_started_again_with_pauses_that_grow(
    supervised: Start, clock: ClockForTests
) -> None:
    process = supervised()
    process.keep_alive()
    pauses = [pause_after_death(process, clock) for _ in range(4)]
    assert pauses == [1.0, 2.0, 4.0, 4.0]
    assert is_alive(the_pid(process))


def test_a_healthy_life_ends_the_row_of_deaths(supervised: Start, clock: ClockForTests) -> None:
    process = supervised()
    process.keep_alive()
    assert [pause_after_death(process, clock) for _ in range(3)] == [1.0, 2.0, 4.0]
    clock.now += BACKOFF.healthy + 1
    assert [pause_after_death(process, clock) for _ in range(2)] == [1.0, 2.0]
    clock.now += BACKOFF.healthy - 1
    assert pause_after_death(process, clock) == 4.0


def test_a_thread_of_its_own_starts_a_process_again(supervised: Start) -> None:
    process = supervised(backoff=Backoff(first=0.0, longest=0.0, healthy=60.0))
    process.start()
    wait_until("the first process", lambda: process.pid)
    first = the_pid(process)
    kill(process)
    wait_until("another process", lambda: process.pid != first)
    assert is_alive(the_pid(process))
    assert process.stop(60)
    assert not is_alive(the_pid(process))


def test_each_death_is_logged_with_its_status_and_the_pause(
    supervised: Start, clock: ClockForTests, caplog: pytest.LogCaptureFixture
) -> None:
    process = supervised()
    process.keep_alive()
    pause_after_death(process, clock)
    (line,) = caplog.records
    assert line.levelno == logging.WARNING
    assert line.getMessage() == "the child ended with status -9; starting it again in 1 s"


def test_the_command_is_asked_for_before_each_start_and_may_be_none(supervised: Start) -> None:
    commands: list[Sequence[str] | None] = [
        None,
        [sys.executable, "-c", "pass"],
        None,
        [sys.executable, "-c", FOR_EVER],
    ]
    pauses = Backoff(first=0.0, longest=0.0, healthy=0.0)
    process = supervised(command=lambda: commands.pop(0), backoff=pauses)
    process.keep_alive()
    assert process.pid is None
    process.keep_alive()
    first = the_pid(process)
    wait_until("its end", lambda: not is_alive(first))
    process.keep_alive()
    assert process.pid == first
    process.keep_alive()
    assert process.pid != first


def test_a_stop_ends_the_process_and_what_is_left_of_its_group(
    supervised: Start, tmp_path: Path
) -> None:
    process = supervised(WITH_A_CHILD, log_file=tmp_path / "log")
    process.keep_alive()
    child = int(printed(tmp_path / "log"))
    assert os.getpgid(child) == process.pid
    assert process.stop(60)
    assert not is_alive(the_pid(process))
    wait_until("the end of its group", lambda: not is_alive(child))


def test_the_group_of_a_process_that_died_is_killed(
    supervised: Start, clock: ClockForTests, tmp_path: Path
) -> None:
    process = supervised(WITH_A_CHILD, log_file=tmp_path / "log")
    process.keep_alive()
    child = int(printed(tmp_path / "log"))
    pause_after_death(process, clock)
    wait_until("the end of its group", lambda: not is_alive(child))


def test_a_process_that_does_not_stop_in_time_is_killed(supervised: Start, tmp_path: Path) -> None:
    process = supervised(DEAF, log_file=tmp_path / "log")
    process.keep_alive()
    assert printed(tmp_path / "log") == "deaf"
    assert not process.stop(0.1)
    assert not is_alive(the_pid(process))


def test_a_process_that_was_asked_to_stop_is_not_started_again(
    supervised: Start, clock: ClockForTests, caplog: pytest.LogCaptureFixture
) -> None:
    process = supervised()
    process.keep_alive()
    pid = the_pid(process)
    process.ask_to_stop()
    wait_until("its end", lambda: not is_alive(pid))
    clock.now += 1000
    process.keep_alive()
    assert process.pid == pid
    assert process.stop(60)
    assert not caplog.records


def test_a_process_that_is_stopped_in_its_pause_is_not_started_again(supervised: Start) -> None:
    process = supervised(backoff=Backoff(first=600.0, longest=600.0, healthy=60.0))
    process.start()
    wait_until("the first process", lambda: process.pid)
    kill(process)
    pid = the_pid(process)
    assert process.stop(60)
    assert process.pid == pid


@pytest.mark.parametrize("begin", ["start", "keep_alive"])
def test_a_process_dies_with_its_killed_parent(begin: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(begin=begin)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_until("the end of the child", lambda: not is_alive(child))


def test_the_signal_at_the_death_of_the_parent_can_be_chosen(
    supervised: Start, tmp_path: Path
) -> None:
    read = (
        "import ctypes; sent = ctypes.c_int();"
        "ctypes.CDLL(None).prctl(2, ctypes.byref(sent)); print(sent.value)"  # PR_GET_PDEATHSIG
    )
    process = supervised(read, at_parent_death=signal.SIGTERM, log_file=tmp_path / "log")
    process.keep_alive()
    assert int(printed(tmp_path / "log")) == signal.SIGTERM
