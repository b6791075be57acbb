"""Taking the looks that are due, and announcing the runs that they add.

This is done where a run's process has ended, so that the next seeds follow at once. The reaper does
it in every round, for looks whose worker died in between or whose last run was ended from outside.
"""

import logging

from celery import Celery
from sqlalchemy.exc import DBAPIError

from models.broker import announce
from models.store import clock, interim_looks
from models.store.database import Database

_log = logging.getLogger(__name__)


def take_due_looks(database: Database, app: Celery) -> None:
    """Take every look that is due. Runs that cannot be announced now wait for the reaper."""
    with database.reading() as session:
        due = interim_looks.due(session)
    for experiment_id in due:
        try:
            with database.transaction() as session:
                added = interim_looks.take_due_look(session, experiment_id, clock.now(session))
        except DBAPIError:
            raise
        except Exception:
            # one experiment that cannot be judged must not stop the reaper for all the others
            _log.exception("the look at %s failed; it is tried again", experiment_id)
            continue
        _log.info("a look at %s was taken: %d runs added", experiment_id, len(added))
        announce(app, added)
