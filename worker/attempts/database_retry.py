"""Waiting for a database that is away: a restart of it must not cost a run its training."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError

# what SQLAlchemy raises when the database is away or its file is locked; anything else is a fault
Away = (OperationalError, InterfaceError)

PATIENCE = 60.0  # seconds that an attempt waits for what is away
_PAUSE = 0.5

_log = logging.getLogger(__name__)
T = TypeVar("T")


def patiently(action: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Do `action`, a whole transaction, again until the database answers, at most `seconds` long.

    Raises what the last try raised.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return action()
        except Away as error:
            if time.monotonic() > end:
                raise
            _log.warning("the database is away, trying again: %s", error.orig)
            time.sleep(_PAUSE)
