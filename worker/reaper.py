"""The reaper's round: take back what fell silent, look where a look is due, ring again for what
nobody heard.

Every worker does it, as often as its heart beats; rounds of several workers do no harm.
"""

import logging
from collections import defaultdict

from celery import Celery

from models import broker, clock, predictions, reaping, runs
from models.database import Database
from models.settings import Settings
from models.tables import Run
from worker.looking import take_due_looks

PREDICTION_SECONDS = 3600.0  # how long a question and its answer are kept

_log = logging.getLogger(__name__)


def reap(database: Database, app: Celery, settings: Settings) -> None:
    """One round. Raises `ServiceUnavailable` when the broker is away."""
    with database.transaction() as session:
        now = clock.now(session)
        taken = reaping.take_back_lost(
            session,
            now=now,
            lease_seconds=settings.lease_seconds,
            max_attempts=settings.max_attempts,
        )
        predictions.forget_old(session, now, PREDICTION_SECONDS)
    for run_id in taken:
        _log.warning("run %s had no heartbeat for %g s", run_id, settings.lease_seconds)
    take_due_looks(database, app)
    with database.reading() as session:
        due = reaping.due_for_submit(session, now=now, resubmit_seconds=settings.resubmit_seconds)
    for queue, waiting in _by_queue(due).items():
        # Not lost, only waiting their turn: as many messages as runs. Without this look, a long
        # queue would gain a message for every run at every round.
        if broker.waiting_messages(app, queue) < len(waiting):
            _ring(database, app, waiting)


def _by_queue(due: list[Run]) -> dict[str, list[Run]]:
    queues = defaultdict(list)
    for run in due:
        queues[broker.queue_for(run.device)].append(run)
    return queues


def _ring(database: Database, app: Celery, waiting: list[Run]) -> None:
    for run in waiting:
        broker.submit(app, run.id, run.device)
        with database.transaction() as session:
            runs.mark_submitted(session, run.id, clock.now(session))
        _log.info("run %s submitted again", run.id)
