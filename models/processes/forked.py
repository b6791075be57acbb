"""A fork of this process that becomes another of our programs, `python -m MODULE`.

What this process has imported, the program finds imported: starting takes less of the processor,
and both share that memory. **Only a process with one thread and no open connection may fork**: a
lock that another thread holds stays locked in the fork, and two processes cannot use a connection.
The fork keeps nothing else of this process: no file but those named, no handler of a signal, no
session, no function that is called at exit.
"""

import gc
import logging
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from models.processes.parent_death import end_with_parent

_POLL_SECONDS = 0.02  # how often a wait with an end looks


class ForkedProcess:
    """A forked child, with as much of `subprocess.Popen` as its parent asks of it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        """The exit status, negative for a signal; None until its end was noticed."""

    def poll(self) -> int | None:
        """The exit status; None while the process runs."""
        return self._look(os.WNOHANG)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end. Raises `subprocess.TimeoutExpired`."""
        if timeout is None:
            self._look(0)
        else:
            end = time.monotonic() + timeout
            while self.poll() is None:
                if time.monotonic() >= end:
                    raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
                time.sleep(_POLL_SECONDS)
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """Send SIGTERM, if the process runs."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def _look(self, how: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def may_fork() -> bool:
    """Whether no other thread of this process could hold a lock, also none that Python does not
    know of (where the system tells)."""
    threads = Path("/proc/self/task")
    return threading.active_count() == 1 and len([*threads.glob("*")]) < 2


def fork_module(
    program: Sequence[str],
    environment: Mapping[str, str],
    files: Sequence[int],
    at_parent_death: signal.Signals,
) -> ForkedProcess:
    """Fork a process that runs the `program`, a module with its arguments, as `python -m` would;
    the module itself is imported nowhere here.

    It has the `environment`, the open `files`, by number, and standard output and error; it leads
    a session of its own and is sent `at_parent_death` when the thread of the caller ends.
    """
    here = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(program, environment, files, at_parent_death, here)
    return ForkedProcess(pid)


def _become(
    program: Sequence[str],
    environment: Mapping[str, str],
    files: Sequence[int],
    at_parent_death: signal.Signals,
    parent: int,
) -> NoReturn:
    status = 1
    try:
        gc.freeze()  # a collection would write to, and so copy, what is shared
        os.setsid()
        end_with_parent(at_parent_death, parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _show(program)  # while the environment is where titles are looked for
        os.environ.clear()
        os.environ.update(environment)
        _keep_only(files)
        logging.getLogger().handlers.clear()  # they name the parent in each line
        sys.argv = list(program)
        runpy.run_module(program[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = _told(end)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # not by `sys.exit`: what stands above here is the parent's


def _keep_only(files: Sequence[int]) -> None:
    """Close every other file. They are looked up, since a container may allow a billion of them,
    and not every kernel closes a whole range at once."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number in {int(name) for name in os.listdir("/dev/fd")} - {0, 1, 2, *files}:
        with suppress(OSError):  # that of the list itself
            os.close(number)


def _show(program: Sequence[str]) -> None:
    """Have lists of processes show the program, not what it was forked from."""
    from setproctitle import setproctitle

    setproctitle(" ".join(["python", "-m", *program]))


def _told(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return 1
