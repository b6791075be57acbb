"""The process that answers questions, as the supervisor sees it: start when asked, end, let go.

Questions do not go through the broker: the supervisor looks for them anyway as often as its heart
beats, the process it starts looks for more by itself, and so a broker that is away, or a queue
full of long trainings, keeps nobody waiting.
"""

import logging
import os
import signal
import subprocess
import sys

from models.processes.parent_death import bound
from models.settings import Settings
from models.store import clock, predictions
from models.store.database import Database
from models.store.tables import Prediction

_log = logging.getLogger(__name__)


class Answerer:
    """At most one `python -m worker.predictions.server` of this worker, while there are
    questions."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Start the process if a question waits and none runs that would take it."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._process is not None and self._process.returncode != 0:
            _log.error("answering ended with status %s", self._process.returncode)
        self._process = None
        taken = take_next(self._database, self._settings)
        if taken is None:
            return
        self._process = subprocess.Popen(
            bound([sys.executable, "-m", "worker.predictions.server", taken.id]),
            env=self._settings.environment(),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the supervisor; and so the group can be killed
        )

    def end(self) -> None:
        """End the process at once; what it has not answered is for another worker."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended
            self._process.wait()
        with self._database.transaction() as session:
            predictions.release(session, self._settings.worker_id)


def take_next(database: Database, settings: Settings) -> Prediction | None:
    """Take the oldest question that this worker may answer; None when there is none."""
    who, lease = settings.worker_id, settings.lease_seconds
    with database.reading() as session:  # so that a look costs no write lock
        now = clock.now(session)
        seen = predictions.next_request(session, who, now, lease)
    if seen is None:
        return None
    with database.transaction() as session:
        return predictions.claim(
            session,
            seen,
            worker_id=who,
            max_attempts=settings.max_attempts,
            now=now,
            lease_seconds=lease,
        )
