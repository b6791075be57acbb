"""Retries while the database is away: its restart must not cost a run the training so far."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

# SQLAlchemy raises these when the database is away or its file is locked; all else is a fault
DATABASE_AWAY = (OperationalError, InterfaceError)

RETRY_SECONDS = 60.0  # how long an attempt retries while the database or the bucket is away
_PAUSE = 0.5

_log = logging.getLogger(__name__)
T = TypeVar("T")


def retry_while_away(action: Callable[[], T], seconds: float = RETRY_SECONDS) -> T:
    """Call `action`, a whole transaction, again until the database answers, for at most `seconds`.

    Raises what the last call raised.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except DATABASE_AWAY as error:
            if time.monotonic() > end:
                raise
            _log.warning("the database is away, trying again: %s", error.orig)
            time.sleep(_PAUSE)
