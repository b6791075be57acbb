"""The Celery process of a worker, with its pool processes and their attempts in its group."""

import sys

from models.processes.supervised import Backoff, SupervisedProcess
from models.settings import Settings

_BACKOFF = Backoff(first=1.0, longest=30.0, healthy=60.0)


def pool_process(settings: Settings, *, cuda_devices: int) -> SupervisedProcess:
    """The pool of a machine with so many CUDA devices, to be kept alive by the supervisor's thread.

    At SIGTERM it takes no more runs, waits for those that it has, and ends.
    """
    command = [sys.executable, "-m", "worker.pool.tasks", str(cuda_devices)]
    return SupervisedProcess("pool", lambda: command, _BACKOFF, environment=settings.environment())
