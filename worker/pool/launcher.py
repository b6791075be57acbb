"""Starting attempts from a process that has torch imported already (`worker.pool.forkserver`)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe
from typing import Any

from models.processes.parent_death import bound
from models.settings import Settings
from worker.training.pretrained_extra import OFFLINE

# One thread: sums split over threads depend on their number, and runs go side by side in processes.
# A workspace of fixed size: cuBLAS repeats its sums only with one, and reads this at its start.
_REPEATABLE = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
    **OFFLINE,
}


class Launcher:
    """Starts attempts for one process of the pool, one at a time.

    Use it in one thread of that process: the processes that it starts end with that thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = settings.environment(**_REPEATABLE)
        self._forkserver: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Add to the environment of every attempt that is started from now on."""
        self._environment |= environment
        self.close()

    def keep_ready(self) -> None:
        """Start the fork server where none runs: it imports what an attempt needs."""
        if self._forkserver is not None and self._forkserver.poll() is None:
            return
        self.close()
        self._connection, theirs = Pipe()
        with theirs:
            self._forkserver = subprocess.Popen(
                bound([sys.executable, "-m", "worker.pool.forkserver", str(theirs.fileno())]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def launch(self, run_id: str) -> "LaunchedAttempt":
        """Start an attempt at the run."""
        self.keep_ready()
        assert self._forkserver is not None
        assert self._connection is not None
        try:
            self._connection.send_bytes(run_id.encode())
        except BrokenPipeError:  # the fork server has just died; `wait` reports that
            pass
        return LaunchedAttempt(self._forkserver, self._connection)

    def close(self) -> None:
        """End the fork server; its attempt ends with it."""
        if self._forkserver is not None:
            self._forkserver.kill()
            self._forkserver.wait()
        if self._connection is not None:
            self._connection.close()
        self._forkserver = self._connection = None


class LaunchedAttempt:
    """An attempt that was started, as the process that started it sees it."""

    def __init__(
        self, forkserver: "subprocess.Popen[bytes]", connection: "Connection[Any, Any]"
    ) -> None:
        self._forkserver, self._connection = forkserver, connection
        self._pid: int | None = None
        self.companions: list[tuple[str, int]] = []
        """The runs, with their attempts, that it has claimed beside the one it was launched for."""

    def wait(self, seconds: float) -> int | None:
        """The attempt's exit status, negative for a signal; None where it does not end in time."""
        try:
            while self._connection.poll(seconds):
                message = json.loads(self._connection.recv_bytes())
                if "status" in message:
                    return int(message["status"])
                self._take(message)
        except (EOFError, ConnectionResetError):
            # the fork server died, and the attempt with it
            return self._forkserver.wait() or -signal.SIGKILL
        return None

    def _take(self, message: dict[str, Any]) -> None:
        self._pid = message.get("pid", self._pid)
        self.companions += [(run_id, attempt) for run_id, attempt in message.get("companions", ())]

    def kill(self) -> None:
        """Kill the attempt."""
        if self._pid is None:
            self._forkserver.kill()  # it imports, or has not answered yet: no attempt has begun
        else:
            os.kill(self._pid, signal.SIGKILL)  # its pid is not reused before its status has come
