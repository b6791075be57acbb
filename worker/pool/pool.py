"""The processes of a worker that carry out runs: the Celery pool, which takes them from the queue,
and the fork server, from which their attempts are forked."""

import socket
import sys

from models.processes.supervised import Backoff, SupervisedProcess
from models.settings import Settings
from worker.pool.repeatable import REPEATABLE
from worker.training.pretrained_extra import OFFLINE

_BACKOFF = Backoff(first=1.0, longest=30.0, healthy=60.0)


class Pool:
    """Celery's processes and the fork server of a machine with so many CUDA devices, to be kept
    alive by the supervisor's thread.

    Either is started again when it dies. Attempts are in the fork server's group.
    """

    def __init__(self, settings: Settings, *, cuda_devices: int) -> None:
        # neither end closes when one of the two processes dies, so the next takes over
        self._taken, self._sent = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._forkserver = forkserver_process(settings, self._taken)
        sent = self._sent.fileno()
        command = [sys.executable, "-m", "worker.pool.tasks", str(cuda_devices), str(sent)]
        self._celery = SupervisedProcess(
            "pool", lambda: command, _BACKOFF, environment=settings.environment(), files=[sent]
        )

    def fork(self) -> None:
        """Start both for the first time with what this process has imported, which has no other
        thread and no connection yet, and was loaded repeatable (`worker.pool.repeatable`)."""
        self._forkserver.fork()
        self._celery.fork()

    def keep_alive(self) -> None:
        """Start what does not run, unless it pauses after its death."""
        self._forkserver.keep_alive()
        self._celery.keep_alive()

    def stop(self, seconds: float) -> bool:
        """Take no more runs, and wait for those that are carried out, for at most `seconds`; then
        kill what is left. Returns whether all had ended by then."""
        ended = self._celery.stop(seconds)
        self._forkserver.kill()
        self._taken.close()
        self._sent.close()
        return ended


def forkserver_process(settings: Settings, requests: socket.socket) -> SupervisedProcess:
    """The fork server, which takes connections from `requests`."""
    file = requests.fileno()
    command = [sys.executable, "-m", "worker.pool.forkserver", str(file)]
    return SupervisedProcess(
        "fork server",
        lambda: command,
        _BACKOFF,
        environment=settings.environment(**REPEATABLE, **OFFLINE),
        files=[file],
    )
