"""The heartbeat of an attempt: says that it lives, and hears that it should stop.

A thread of its own with short transactions of its own, so that a long step or evaluation neither
looks like a death nor delays the word.
"""

import logging
import threading
from enum import Enum, auto
from types import TracebackType

from models import clock, runs, workers
from models.database import Database
from models.errors import NotFound, StaleAttempt
from worker.patience import Away

_log = logging.getLogger(__name__)


class Stop(Enum):
    """Why an attempt should stop."""

    CANCELLED = auto()  # someone asked to cancel the run
    DRAINING = auto()  # the worker is asked to end
    STALE = auto()  # the run belongs to another attempt, or is gone


class Heart(threading.Thread):
    """Beats while its `with` block lasts."""

    def __init__(
        self, database: Database, run_id: str, attempt: int, worker_id: str, every: float
    ) -> None:
        super().__init__(name=f"heart-{run_id}", daemon=True)
        self._database = database
        self._run_id, self._attempt, self._worker_id = run_id, attempt, worker_id
        self._every = every
        self._over = threading.Event()
        self.stop: Stop | None = None

    def __enter__(self) -> "Heart":
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while self.stop is not Stop.STALE and not self._over.wait(self._every):
            try:
                self.stop = self._beat()
            except Away as error:
                # the lease decides what a silence costs; training need not wait for the database
                _log.warning("no heartbeat for run %s: %s", self._run_id, error.orig)

    def _beat(self) -> Stop | None:
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                cancel = runs.heartbeat(session, self._run_id, self._attempt, now)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        if cancel:
            return Stop.CANCELLED
        return Stop.DRAINING if draining else None
