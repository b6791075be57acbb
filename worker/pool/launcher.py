"""Starting attempts from a process that has torch imported already (`worker.pool.forkserver`)."""

import json
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from typing import Any

from models.processes.parent_death import bound
from models.settings import Settings

# One thread: sums split over threads depend on their number, and runs go side by side in processes.
# A workspace of fixed size: cuBLAS repeats its sums only with one, and reads this at its start.
_REPEATABLE = {
    **{name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")},
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}


class Launcher:
    """Starts attempts for one process of the pool, one at a time.

    Use it in that process alone: what it starts ends with the thread that started it.
    """

    def __init__(self, settings: Settings) -> None:
        self._environment = settings.environment(**_REPEATABLE)
        self._preloaded: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None

    def keep_ready(self) -> None:
        """Have a process that imports, or has imported, what an attempt needs."""
        if self._preloaded is not None and self._preloaded.poll() is None:
            return
        self.close()
        self._connection, theirs = Pipe()
        with theirs:
            self._preloaded = subprocess.Popen(
                bound([sys.executable, "-m", "worker.pool.forkserver", str(theirs.fileno())]),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def launch(self, run_id: str) -> "Launched":
        """Start an attempt at the run."""
        self.keep_ready()
        assert self._preloaded is not None
        assert self._connection is not None
        try:
            self._connection.send_bytes(run_id.encode())
        except BrokenPipeError:  # it has just died; `wait` tells of it
            pass
        return Launched(self._preloaded, self._connection)

    def close(self) -> None:
        """End the process; an attempt that it waits for ends with it."""
        if self._preloaded is not None:
            self._preloaded.kill()
            self._preloaded.wait()
        if self._connection is not None:
            self._connection.close()
        self._preloaded = self._connection = None


class Launched:
    """An attempt that was started."""

    def __init__(
        self, preloaded: "subprocess.Popen[bytes]", connection: "Connection[Any, Any]"
    ) -> None:
        self._preloaded, self._connection = preloaded, connection
        self._pid: int | None = None
        self.companions: list[tuple[str, int]] = []
        """Runs with their attempts that it holds beside the one it was launched for."""

    def wait(self, seconds: float) -> int | None:
        """Its exit status, negative for a signal; None where it has not ended in time."""
        try:
            while self._connection.poll(seconds):
                said = json.loads(self._connection.recv_bytes())
                if "status" in said:
                    return int(said["status"])
                self._hear(said)
        except (EOFError, ConnectionResetError):
            # the process above the attempt died, and the attempt with it
            return self._preloaded.wait() or -signal.SIGKILL
        return None

    def _hear(self, said: dict[str, Any]) -> None:
        self._pid = said.get("pid", self._pid)
        self.companions += [(run_id, attempt) for run_id, attempt in said.get("companions", ())]

    def kill(self) -> None:
        """End it, at once."""
        if self._pid is None:
            self._preloaded.kill()  # it imports or has not answered: nothing has begun
        else:
            os.kill(self._pid, signal.SIGKILL)  # not reaped before its status is told
