"""What the first list of experiments would wait for, done while nobody waits yet.

The list is what everybody opens first. scipy takes a third of a second to import, and the classes
and queries behind the list are worked out once a process; a start must not wait for either.
"""

import logging
from importlib import import_module

from models.comparison.skewness.normal_reach import MOST, distribution
from models.store.database import Database

log = logging.getLogger(__name__)


def read_first_list(database: Database) -> None:
    """Read the newest experiment as the list does. Whoever asks is told why it cannot be read, so
    here that is only logged: what is stored must not end a service that answers."""
    from api.experiments.summaries import page_of  # here: imported with the API, while it starts

    import_module("models.comparison.conclusion")
    distribution(MOST)  # and so those of fewer seeds, but for some steps
    try:
        with database.reading() as session:
            page_of(session, verdict=None, after=None, limit=1)
    except Exception as error:
        log.warning("the list of experiments could not be read: %s", error)
