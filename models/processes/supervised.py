"""A child process that is started again when it dies, with growing pauses, and stopped in order.

The embedded broker, the embedded service's worker, a worker's Celery pool and its prediction server
are such children. Each leads a process group of its own: Ctrl-C in the terminal reaches the parent
alone, which then stops its children in order, and whatever a child has started can be killed with
it. Each is bound to its parent's death (`models.processes.parent_death`).

**A bound child ends with the thread that started it**, so one thread must start them all: either
the caller's, which calls `keep_alive` again and again, or one that `start` begins.
"""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.processes.forked import ForkedProcess, fork_module, may_fork
from models.processes.parent_death import bound

_POLL_SECONDS = 0.05  # how often the thread of `start` asks for a command, where there is none

_log = logging.getLogger(__name__)


_Process = subprocess.Popen[bytes] | ForkedProcess


@dataclass(frozen=True)
class Backoff:
    """Pauses before a process that died is started again, in seconds.

    The first death is followed by a pause of `first`, each further one in a row by twice the pause
    before it, up to `longest`. A process that lived for longer than `healthy` ends the row.
    """

    first: float
    longest: float
    healthy: float


class SupervisedProcess:
    """A child process that `keep_alive` or a thread of `start` keeps alive until it is stopped."""

    def __init__(
        self,
        name: str,
        command: Callable[[], Sequence[str] | None],
        backoff: Backoff,
        *,
        environment: Mapping[str, str] | None = None,
        at_parent_death: signal.Signals = signal.SIGKILL,
        log_file: Path | None = None,
        discard_output: bool = False,
        files: Sequence[int] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is for the log. `command` is called before each start, and returns None where
        there is nothing to run now.

        `environment` is this process's own where it is None. Output goes where that of this process
        goes, unless a `log_file` takes all of it or `discard_output` drops standard output. The
        process inherits the open `files`, by number.
        """
        self._name, self._command, self._backoff = name, command, backoff
        self._environment = environment
        self._at_parent_death = at_parent_death
        self._log_file, self._discard_output = log_file, discard_output
        self._files = files
        self._clock = clock
        self._process: _Process | None = None
        self._pid: int | None = None
        self._started_at = self._start_at = 0.0
        self._pause = backoff.first
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # so that a stop never misses a process that is being started
        self._keeper: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process that was started last; None before the first."""
        return self._pid

    def start(self) -> None:
        """Keep the process alive from a thread of its own, until `stop` or `kill`."""
        self._keeper = threading.Thread(target=self._keep, name=f"{self._name}-keeper", daemon=True)
        self._keeper.start()

    def keep_alive(self) -> None:
        """Start the process where none runs and no pause goes on. Call this from one thread only.

        Raises whatever `command` raises.
        """
        if self._stopping.is_set():
            return
        if self._process is not None and self._process.poll() is not None:
            self._clean_up_after(self._process)
        if self._process is None and self._clock() >= self._start_at:
            command = self._command()
            if command is not None:
                self._spawn(command)

    def fork(self) -> None:
        """Start the process for the first time as a fork of this one (`models.processes.forked`),
        which must have no connection open; the command must be `python -m MODULE …`.

        Where this process has other threads, it is left to `keep_alive`.
        """
        command = self._command() if may_fork() else None
        if command is not None:
            environment = os.environ if self._environment is None else self._environment
            self._process = fork_module(
                command[2:], dict(environment), self._files, self._at_parent_death
            )
            self._note_start(self._process)

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process and return at once; it is not started again."""
        with self._lock:
            if not self._stopping.is_set() and self._process is not None:
                self._process.terminate()
            self._stopping.set()

    def stop(self, seconds: float) -> bool:
        """Ask the process to stop, wait for at most `seconds`, and kill what is left of its group.

        Returns whether the process itself had ended by then.
        """
        self.ask_to_stop()
        process, ended = self._process, True
        if process is not None:
            try:
                process.wait(max(seconds, 0.0))
            except subprocess.TimeoutExpired:
                ended = False
        self.kill()
        return ended

    def kill(self) -> None:
        """Kill the process and its group at once; it is not started again."""
        with self._lock:
            self._stopping.set()
            process, self._process = self._process, None
        if process is not None:
            _kill_group(process)
        if self._keeper is not None:
            self._keeper.join()

    def _keep(self) -> None:
        while not self._stopping.is_set():
            self.keep_alive()
            process = self._process
            if process is not None:
                process.wait()
            else:
                self._stopping.wait(max(self._start_at - self._clock(), _POLL_SECONDS))

    def _clean_up_after(self, process: _Process) -> None:
        """End what is left of a process that died, and put off the next start."""
        now, status = self._clock(), process.returncode
        if now - self._started_at > self._backoff.healthy:
            self._pause = self._backoff.first
        again = f"; starting it again in {self._pause:g} s" if self._pause else ""
        level = logging.WARNING if status else logging.INFO
        _log.log(level, "the %s ended with status %s%s", self._name, status, again)
        _kill_group(process)
        self._process = None
        self._start_at = now + self._pause
        self._pause = min(2 * self._pause, self._backoff.longest)

    def _spawn(self, command: Sequence[str]) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            output = self._log_file.open("ab") if self._log_file else None
            try:
                self._process = subprocess.Popen(
                    bound(command, self._at_parent_death),
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL if self._discard_output else output,
                    stderr=output,
                    start_new_session=True,
                    pass_fds=self._files,
                )
            finally:
                if output is not None:
                    output.close()
            self._note_start(self._process)

    def _note_start(self, process: _Process) -> None:
        self._started_at, self._pid = self._clock(), process.pid


def _kill_group(process: _Process) -> None:
    """SIGKILL to every process of the group; returns once the leader has ended."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # all have ended
    process.wait()
