"""The heartbeat of an attempt: it tells the database that the attempt lives, and reads whether the
attempt should stop.

The heartbeat is a thread with short transactions of its own, so that a long step or evaluation
neither looks like a death nor delays a request to stop. It reads more often than it writes, since
reading takes no lock. **A cancelled run frees its worker**: where the training does not stop in
time (it loads data, evaluates, or is in a long step), the heartbeat ends the run and, where no
other run goes on in the process, the process too. It does the same for a run that another attempt
has taken.
"""

import logging
import os
import time
from collections.abc import Sequence
from enum import Enum, auto

from models.errors import NotFound, StaleAttempt
from models.states import RunState
from models.store import clock, workers
from models.store.database import Database
from models.store.run_life import runs
from worker.attempts.block_thread import BlockThread
from worker.attempts.database_retry import DATABASE_AWAY

READ_SECONDS = 0.5  # at most, between two readings of whether to stop
GRACE_SECONDS = 1.0  # for the training to end by itself after a request to cancel

_log = logging.getLogger(__name__)


class Stop(Enum):
    """Why an attempt should stop."""

    CANCELLED = auto()  # someone asked to cancel the run
    DRAINING = auto()  # the worker is asked to end
    STALE = auto()  # the run belongs to another attempt, or is gone


class RunHeartbeat:
    """What the heartbeat knows of one run under its attempt: whether it goes on or should stop."""

    def __init__(self, run_id: str, attempt: int) -> None:
        self.run_id, self.attempt = run_id, attempt
        self.stop: Stop | None = None
        self.over = False  # set by the attempt at its end, or here at the end of a cancelled run
        self.asked_at: float | None = None


class Heartbeat(BlockThread):
    """Keeps the runs of this process alive while its `with` block lasts."""

    def __init__(
        self, database: Database, heartbeats: Sequence[RunHeartbeat], worker_id: str, every: float
    ) -> None:
        super().__init__("heartbeat")
        self._database, self._worker_id = database, worker_id
        self._heartbeats = heartbeats
        self._every = every

    def run(self) -> None:
        beat_at = time.monotonic() + self._every
        pause = min(self._every, READ_SECONDS)
        while not self.ended.wait(pause):
            beats = time.monotonic() >= beat_at
            try:
                self._visit_runs(beats)
            except DATABASE_AWAY as error:
                # the lease decides what a silence costs; training need not wait for the database
                _log.warning("no heartbeat: %s", error.orig)
            if beats:
                beat_at = time.monotonic() + self._every

    def _visit_runs(self, beats: bool) -> None:
        for heartbeat in self._going_on():
            heartbeat.stop = self._beat(heartbeat) if beats else self._read(heartbeat)
            if heartbeat.stop in (Stop.CANCELLED, Stop.STALE):
                self._end_when_overdue(heartbeat)

    def _going_on(self) -> list[RunHeartbeat]:
        return [heartbeat for heartbeat in self._heartbeats if not heartbeat.over]

    def _beat(self, heartbeat: RunHeartbeat) -> Stop | None:
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                cancel = runs.heartbeat(session, heartbeat.run_id, heartbeat.attempt, now)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _reason_to_stop(cancel, draining)

    def _read(self, heartbeat: RunHeartbeat) -> Stop | None:
        try:
            with self._database.reading() as session:
                cancel = runs.is_cancel_requested(session, heartbeat.run_id, heartbeat.attempt)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _reason_to_stop(cancel, draining)

    def _end_when_overdue(self, heartbeat: RunHeartbeat) -> None:
        """End a run whose training goes on although it should stop, and end this process with the
        last of its runs.

        Every write is a whole transaction under the attempt's number, and files appear whole or
        not at all, so the process can end at any moment without leaving a half behind.
        """
        if heartbeat.asked_at is None:
            heartbeat.asked_at = time.monotonic()
        if self.ended.is_set() or time.monotonic() - heartbeat.asked_at < GRACE_SECONDS:
            return
        if heartbeat.stop is Stop.CANCELLED and not self._cancel(heartbeat):
            return
        heartbeat.over = True
        _log.warning("run %s: its training did not end by itself", heartbeat.run_id)
        if not self._going_on():
            os._exit(0)

    def _cancel(self, heartbeat: RunHeartbeat) -> bool:
        """Cancel the run; whether this did it, since the training may have just ended it itself."""
        end, run_id = RunState.CANCELLED, heartbeat.run_id
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                reason = f"cancelled at step {runs.run(session, run_id).step}"
                runs.finish(session, run_id, heartbeat.attempt, end, reason=reason, now=now)
        except (StaleAttempt, NotFound):
            return False
        return True


def _reason_to_stop(cancel: bool, draining: bool) -> Stop | None:
    if cancel:
        return Stop.CANCELLED
    return Stop.DRAINING if draining else None
