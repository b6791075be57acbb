"""The worker as a supervised child: started again when it dies, ended when this process ends.

The worker is a process of its own even in the embedded service, so that the API never imports
torch and a training that takes the memory of the machine does not take the API along.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from models.processes.parent_death import bound

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before it is started again
HEALTHY_SECONDS = 60.0  # a worker that lived so long is started again at once

log = logging.getLogger(__name__)


class WorkerChild:
    """`python -m worker` under our eye. `end` asks it to stop, `finish` waits and then kills."""

    def __init__(self, environment: Mapping[str, str], log_file: Path | None = None) -> None:
        self._environment = environment
        self._log_file = log_file
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        # the kernel ends a bound child with the thread that started it, so one thread starts all
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while (process := self._spawn()) is not None:
            began = time.monotonic()
            status = process.wait()
            if self._ending.is_set():
                return
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = FIRST_PAUSE
            log.warning("the worker ended with status %s; again in %g s", status, pause)
            self._ending.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        with self._lock:  # so that `end` never misses a process that is being started
            if self._ending.is_set():
                return None
            output: IO[bytes] | None = self._log_file.open("ab") if self._log_file else None
            self._process = subprocess.Popen(
                bound([sys.executable, "-m", "worker"], signal.SIGTERM),
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the parent, which then ends us in order
            )
            if output is not None:
                output.close()
            return self._process

    def end(self) -> None:
        """Ask it to save and stop; returns at once."""
        with self._lock:
            self._ending.set()
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def finish(self, seconds: float) -> None:
        """Wait for at most so long, then kill its whole process group."""
        self._thread.join(max(seconds, 0.0))
        if self._thread.is_alive() and self._process is not None:
            log.warning("the worker did not stop in time and is killed; its runs are queued again")
            os.killpg(self._process.pid, signal.SIGKILL)
            self._thread.join()
