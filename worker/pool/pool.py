"""The Celery process of a worker, as the supervisor sees it: start, look after, stop, kill."""

import logging
import os
import signal
import subprocess
import sys
import time

from models.broker import ANY_QUEUE, CUDA_QUEUE
from models.processes.parent_death import bound
from models.settings import Settings

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # before a pool that died is started again

_log = logging.getLogger(__name__)


class Pool:
    """A Celery worker with its pool processes and their attempts: one process group of its own."""

    def __init__(self, settings: Settings, *, cuda: bool) -> None:
        self._environment = settings.environment()
        self._queues = [ANY_QUEUE, CUDA_QUEUE] if cuda else [ANY_QUEUE]
        self._process: subprocess.Popen[bytes] | None = None
        self._pause = _FIRST_PAUSE
        self._start_at = 0.0

    def keep_alive(self) -> None:
        """Start the process where there is none; after deaths in a row, less and less often."""
        if self._process is not None and self._process.poll() is not None:
            code = self._process.returncode
            _log.error("the pool ended with status %s; again in %g s", code, self._pause)
            self.kill()
            self._start_at = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        if self._process is None and time.monotonic() >= self._start_at:
            self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            bound([sys.executable, "-m", "worker.pool.tasks", *self._queues]),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the supervisor; and so the group can be killed
        )

    def stop(self, seconds: float) -> bool:
        """Take no more runs and wait for those there are; whether all ended in `seconds`."""
        if self._process is None:
            return True
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End what is left of the pool, attempts included."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all have ended
        self._process.wait()
        self._process = None
