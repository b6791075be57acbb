"""The heartbeat of an attempt: says that it lives, and hears that it should stop.

A thread of its own with short transactions of its own, so that a long step or evaluation neither
looks like a death nor delays the word. It listens more often than it beats, since reading costs
nobody a lock. **A run that was cancelled frees its worker**: where the training does not heed the
word in time (it loads, evaluates, or is in a long step), the heart ends the run and its process.
So does an attempt that has lost its run.
"""

import logging
import os
import threading
import time
from enum import Enum, auto
from types import TracebackType

from models import clock, runs, workers
from models.database import Database
from models.errors import NotFound, StaleAttempt
from models.states import RunState
from worker.patience import Away

LISTEN_SECONDS = 0.5  # at most, between looks for a wish to stop
HEED_SECONDS = 1.0  # for the training to end by itself after a wish to cancel

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
        self._told_at: float | None = None
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
        beat_at = time.monotonic() + self._every
        pause = min(self._every, LISTEN_SECONDS)
        while not self._over.wait(pause):
            beats = time.monotonic() >= beat_at
            try:
                self.stop = self._beat() if beats else self._listen()
                if self.stop in (Stop.CANCELLED, Stop.STALE):
                    self._end_when_overdue()
            except Away as error:
                # the lease decides what a silence costs; training need not wait for the database
                _log.warning("no heartbeat for run %s: %s", self._run_id, error.orig)
            if beats:
                beat_at = time.monotonic() + self._every

    def _beat(self) -> Stop | None:
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                cancel = runs.heartbeat(session, self._run_id, self._attempt, now)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _wish(cancel, draining)

    def _listen(self) -> Stop | None:
        try:
            with self._database.reading() as session:
                cancel = runs.wants_to_stop(session, self._run_id, self._attempt)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _wish(cancel, draining)

    def _end_when_overdue(self) -> None:
        """End this process, and a cancelled run, where the training goes on all the same.

        Every write is a whole transaction under the attempt's number, and files appear whole or
        not at all, so there is no moment at which that would leave a half behind.
        """
        if self._told_at is None:
            self._told_at = time.monotonic()
        if self._over.is_set() or time.monotonic() - self._told_at < HEED_SECONDS:
            return
        if self.stop is Stop.CANCELLED and not self._cancel():
            return
        _log.warning("run %s: its training did not end by itself", self._run_id)
        os._exit(0)

    def _cancel(self) -> bool:
        """Whether this ended the run; the training may have done so in this very moment."""
        end = RunState.CANCELLED
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                reason = f"cancelled at step {runs.run(session, self._run_id).step}"
                runs.finish(session, self._run_id, self._attempt, end, reason=reason, now=now)
        except (StaleAttempt, NotFound):
            return False
        return True


def _wish(cancel: bool, draining: bool) -> Stop | None:
    if cancel:
        return Stop.CANCELLED
    return Stop.DRAINING if draining else None
