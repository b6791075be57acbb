"""The Celery process of a worker, with its pool processes and their attempts in its group."""

import sys

from models.broker import ANY_QUEUE, CUDA_QUEUE
from models.processes.supervised import Backoff, SupervisedProcess
from models.settings import Settings

_BACKOFF = Backoff(first=1.0, longest=30.0, healthy=60.0)


def pool_process(settings: Settings, *, cuda: bool) -> SupervisedProcess:
    """The pool, to be kept alive by the thread of the supervisor.

    At SIGTERM it takes no more runs, waits for those that it has, and ends.
    """
    queues = [ANY_QUEUE, CUDA_QUEUE] if cuda else [ANY_QUEUE]
    command = [sys.executable, "-m", "worker.pool.tasks", *queues]
    return SupervisedProcess("pool", lambda: command, _BACKOFF, environment=settings.environment())
