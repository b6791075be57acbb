"""The prediction server as the supervisor sees it: a process that is started where a request waits.

Requests do not go through the broker: the supervisor queries the database for them at every
heartbeat anyway, and the process that it starts takes further ones by itself. So neither a broker
that is away nor a queue full of long trainings delays an answer.
"""

import sys

from models.processes.supervised import Backoff, SupervisedProcess
from models.settings import Settings
from models.store import clock, predictions
from models.store.database import Database
from models.store.tables import Prediction
from worker.training.pretrained_extra import OFFLINE

# no pause: each request counts its own attempts, and the process ends whenever none waits
_BACKOFF = Backoff(first=0.0, longest=0.0, healthy=0.0)


class PredictionProcess:
    """At most one `python -m worker.predictions.server` of this worker, while requests wait."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._process = SupervisedProcess(
            "prediction server",
            self._command,
            _BACKOFF,
            environment=settings.environment(**OFFLINE),
        )

    def keep_alive(self) -> None:
        """Start the process if a request waits and no process runs that would take it."""
        self._process.keep_alive()

    def end(self) -> None:
        """End the process at once; another worker takes what it has not answered."""
        self._process.kill()
        with self._database.transaction() as session:
            predictions.release(session, self._settings.worker_id)

    def _command(self) -> list[str] | None:
        request = take_next(self._database, self._settings)
        if request is None:
            return None
        return [sys.executable, "-m", "worker.predictions.server", request.id]


def take_next(database: Database, settings: Settings) -> Prediction | None:
    """Take the oldest request that this worker may answer; None when there is none."""
    who, lease = settings.worker_id, settings.lease_seconds
    with database.reading() as session:  # so that a query without a result takes no write lock
        now = clock.now(session)
        waiting = predictions.next_request(session, who, now, lease)
    if waiting is None:
        return None
    with database.transaction() as session:
        return predictions.claim(
            session,
            waiting,
            worker_id=who,
            max_attempts=settings.max_attempts,
            now=now,
            lease_seconds=lease,
        )
