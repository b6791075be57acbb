"""The reaper's round: take back runs whose worker fell silent, take the planned steps that are
due (looks, and choices of settings), and announce queued runs whose messages are missing.

Every worker's supervisor does it at every heartbeat; rounds of several workers do no harm.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from celery import Celery

from models import broker
from models.settings import Settings
from models.store import clock, predictions
from models.store.database import Database
from models.store.run_life import reaping, runs
from models.store.run_life.reaping import Needs
from models.store.tables import Run
from worker.housekeeping.planned_steps import take_planned_steps

PREDICTION_SECONDS = 3600.0  # how long a prediction request and its answer are kept
AT_ONCE = 500  # messages of one round, for each queue

_log = logging.getLogger(__name__)


def reap(database: Database, app: Celery, settings: Settings) -> None:
    """Do one round. Raises `ServiceUnavailable` when the broker is away."""
    with database.transaction() as session:
        now = clock.now(session)
        taken = reaping.take_back_lost(
            session,
            now=now,
            lease_seconds=settings.lease_seconds,
            policy=settings.retry_policy,
        )
        predictions.remove_old(session, now, PREDICTION_SECONDS)
    for run_id in taken:
        _log.warning("run %s had no heartbeat for %g s", run_id, settings.lease_seconds)
    take_planned_steps(database, app)
    _announce_missing(database, app, settings, now)


def _announce_missing(database: Database, app: Celery, settings: Settings, now: datetime) -> None:
    """Fill up each queue to one message for each run that has been in it for long.

    Any message serves any run of its queue, so only as many are sent as are missing: else a long
    queue would gain one for every run at every round. And no more than `AT_ONCE`, oldest first:
    this round must end well before the lease of its worker does.
    """
    with database.reading() as session:
        retries = reaping.retries_due(session, now)
        due = reaping.count_due(session, now=now, resubmit_seconds=settings.resubmit_seconds)
    if len(announce_again(database, app, retries)) < len(retries):
        return  # the broker is away
    for queue, needs in _by_queue(due).items():
        missing = sum(due[need] for need in needs) - broker.waiting_messages(app, queue)
        if missing <= 0:
            continue
        with database.reading() as session:
            waiting = reaping.due_for_submit(
                session,
                now=now,
                resubmit_seconds=settings.resubmit_seconds,
                needs=needs,
                limit=min(missing, AT_ONCE),
            )
        if len(announce_again(database, app, waiting)) < len(waiting):
            return


def _by_queue(due: Iterable[Needs]) -> dict[str, list[Needs]]:
    queues = defaultdict(list)
    for needs in due:
        queues[broker.queue_for(*needs)].append(needs)
    return queues


def announce_again(database: Database, app: Celery, waiting: Sequence[Run]) -> list[str]:
    """Announce runs whose last message is used up, and store when; the ids of those announced."""
    announced = broker.announce(app, waiting)
    if announced:
        with database.transaction() as session:
            runs.mark_submitted(session, announced, clock.now(session))
        _log.info("%d runs announced again, %s first", len(announced), announced[0])
    return announced
