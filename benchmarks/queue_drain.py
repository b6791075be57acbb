"""A worker that does not train, for `long_queue.py`: all of a worker but the training.

Messages come through Celery to the task that real workers have, which starts an attempt where the
run still waits. The attempt is claimed, fenced and finished through the store as a real one is;
two made-up steps stand where the training would be, in this process and not in one of its own.
"""

import os
import socket
import sys
from datetime import UTC, datetime
from typing import Any

from models.broker import ANY_QUEUE
from models.metrics import StepMetrics, declared
from models.settings import Settings
from models.states import RunState
from models.store import workers
from models.store.database import Database
from models.store.metrics import rows
from models.store.metrics.rows import StepRow
from models.store.run_life import runs
from worker.attempts.claiming import claim
from worker.pool import tasks
from worker.pool.launcher import Launcher

STEPS = [
    StepRow(step=step, **dict.fromkeys(declared(StepMetrics), 0.5), active=(0.5,))
    for step in (1, 2)
]


def main(number: str) -> None:
    settings = Settings().model_copy(update={"worker_id": f"wrk_drain{number}", "workers": 1})
    database = Database(settings.resolved_database_url)
    with database.transaction() as session:
        workers.register(
            session,
            worker_id=settings.worker_id,
            host="here",
            pid=os.getpid(),
            slots=1,
            cuda_devices=0,
            now=datetime.now(UTC),
        )

    class Pretender(Launcher):
        companions = ()

        def launch(self, run_id: str, *, pretrained: bool = False) -> Any:  # noqa: ARG002
            pretend(database, settings.worker_id, run_id)
            return self

        def wait(self, _seconds: float) -> int:
            return 0

    tasks.build_app(settings, Pretender(socket.socket())).worker_main(
        ["--quiet", "worker", "--pool=solo", f"--queues={ANY_QUEUE}", "--loglevel=WARNING"]
        + [f"--hostname={settings.worker_id}@%h", "--without-gossip", "--without-mingle"]
    )


def pretend(database: Database, worker_id: str, run_id: str) -> None:
    """One attempt at the run, if it can be claimed."""
    claimed = claim(database, run_id, worker_id)
    if claimed is None:
        return
    attempt = claimed.run.attempt
    with database.transaction() as session:
        runs.begin_from(session, run_id, attempt, 0, datetime.now(UTC))
    with database.transaction() as session:
        runs.advance(session, run_id, attempt, len(STEPS), datetime.now(UTC))
        rows.append_steps(session, run_id, STEPS)
    with database.transaction() as session:
        runs.finish(session, run_id, attempt, RunState.SUCCEEDED, now=datetime.now(UTC))


if __name__ == "__main__":
    main(sys.argv[1])
