"""Taking the looks that are due, and ringing for the runs that they add.

Done where a run's process has ended, so that the next seeds follow at once, and in every round of
the reaper, for looks whose worker died in between or whose last run was ended by someone else.
"""

import logging

from celery import Celery
from sqlalchemy.exc import DBAPIError

from models import broker
from models.errors import ServiceUnavailable
from models.store import clock, interim_looks
from models.store.database import Database
from models.store.tables import Run

_log = logging.getLogger(__name__)


def take_due_looks(database: Database, app: Celery) -> None:
    """Take every look that is due. Runs that cannot be submitted now wait for the reaper."""
    with database.reading() as session:
        due = interim_looks.due(session)
    for experiment_id in due:
        try:
            with database.transaction() as session:
                added = interim_looks.take_due_look(session, experiment_id, clock.now(session))
        except DBAPIError:
            raise
        except Exception:
            # one experiment that cannot be judged must not keep the reaper from all the others
            _log.exception("the look at %s failed; it is tried again", experiment_id)
            continue
        _log.info("looked at %s: %d runs added", experiment_id, len(added))
        _ring(app, experiment_id, added)


def _ring(app: Celery, experiment_id: str, added: list[Run]) -> None:
    try:
        for run in added:
            broker.submit(app, run.id, run.device)
    except ServiceUnavailable as away:
        _log.warning("the runs added to %s wait for the reaper: %s", experiment_id, away)
