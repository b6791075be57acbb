"""Taking the planned steps that are due, and announcing the runs that they add: the choice of the
settings of an experiment that tunes, and its looks.

This is done where a run's process has ended, so that the next runs follow at once. The reaper does
it in every round, for steps whose worker died in between or whose last run was ended from outside.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from celery import Celery
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.broker import announce
from models.store import clock, interim_looks, setting_choices
from models.store.database import Database
from models.store.tables import Run
from models.store.tuning import plan

_log = logging.getLogger(__name__)

Due = Callable[[Session], list[str]]
Take = Callable[[Session, str, datetime], list[Run]]


def take_planned_steps(database: Database, app: Celery) -> None:
    """Take every step that is due. Runs that cannot be announced now wait for the reaper."""
    _take(database, app, "choice of settings", plan.due, setting_choices.make_due_choice)
    _take(database, app, "look", interim_looks.due, interim_looks.take_due_look)


def _take(database: Database, app: Celery, what: str, due: Due, take: Take) -> None:
    with database.reading() as session:
        experiments = due(session)
    for experiment_id in experiments:
        try:
            with database.transaction() as session:
                added = take(session, experiment_id, clock.now(session))
        except DBAPIError:
            raise
        except Exception:
            # one experiment that cannot be judged must not stop the reaper for all the others
            _log.exception("the %s at %s failed; it is tried again", what, experiment_id)
            continue
        _log.info("a %s at %s was made: %d runs added", what, experiment_id, len(added))
        announce(app, added)
