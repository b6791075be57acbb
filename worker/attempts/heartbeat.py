"""The heartbeat of an attempt: says that it lives, and hears that it should stop.

A thread of its own with short transactions of its own, so that a long step or evaluation neither
looks like a death nor delays the word. It listens more often than it beats, since reading costs
nobody a lock. **A run that was cancelled frees its worker**: where the training does not heed the
word in time (it loads, evaluates, or is in a long step), the heart ends the run and, where no other
run goes on in it, its process. So it does where the run was lost to another attempt.
"""

import logging
import os
import threading
import time
from collections.abc import Sequence
from enum import Enum, auto
from types import TracebackType

from models.errors import NotFound, StaleAttempt
from models.states import RunState
from models.store import clock, workers
from models.store.database import Database
from models.store.run_life import runs
from worker.attempts.database_retry import Away

LISTEN_SECONDS = 0.5  # at most, between looks for a wish to stop
HEED_SECONDS = 1.0  # for the training to end by itself after a wish to cancel

_log = logging.getLogger(__name__)


class Stop(Enum):
    """Why an attempt should stop."""

    CANCELLED = auto()  # someone asked to cancel the run
    DRAINING = auto()  # the worker is asked to end
    STALE = auto()  # the run belongs to another attempt, or is gone


class Pulse:
    """One run under its attempt: whether it goes on, and what was heard of it."""

    def __init__(self, run_id: str, attempt: int) -> None:
        self.run_id, self.attempt = run_id, attempt
        self.stop: Stop | None = None
        self.over = False  # set by the attempt at its end, or here at the end of a cancelled run
        self.told_at: float | None = None


class Heart(threading.Thread):
    """Beats for the runs of this process while its `with` block lasts."""

    def __init__(
        self, database: Database, pulses: Sequence[Pulse], worker_id: str, every: float
    ) -> None:
        super().__init__(name="heart", daemon=True)
        self._database, self._worker_id = database, worker_id
        self._pulses = pulses
        self._every = every
        self._ended = threading.Event()

    def __enter__(self) -> "Heart":
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        beat_at = time.monotonic() + self._every
        pause = min(self._every, LISTEN_SECONDS)
        while not self._ended.wait(pause):
            beats = time.monotonic() >= beat_at
            try:
                self._look(beats)
            except Away as error:
                # the lease decides what a silence costs; training need not wait for the database
                _log.warning("no heartbeat: %s", error.orig)
            if beats:
                beat_at = time.monotonic() + self._every

    def _look(self, beats: bool) -> None:
        for pulse in self._going_on():
            pulse.stop = self._beat(pulse) if beats else self._listen(pulse)
            if pulse.stop in (Stop.CANCELLED, Stop.STALE):
                self._end_when_overdue(pulse)

    def _going_on(self) -> list[Pulse]:
        return [pulse for pulse in self._pulses if not pulse.over]

    def _beat(self, pulse: Pulse) -> Stop | None:
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                cancel = runs.heartbeat(session, pulse.run_id, pulse.attempt, now)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _wish(cancel, draining)

    def _listen(self, pulse: Pulse) -> Stop | None:
        try:
            with self._database.reading() as session:
                cancel = runs.is_cancel_requested(session, pulse.run_id, pulse.attempt)
                draining = workers.is_draining(session, self._worker_id)
        except (StaleAttempt, NotFound):
            return Stop.STALE
        return _wish(cancel, draining)

    def _end_when_overdue(self, pulse: Pulse) -> None:
        """End a cancelled run where the training goes on all the same, and this process with the
        last of its runs.

        Every write is a whole transaction under the attempt's number, and files appear whole or
        not at all, so there is no moment at which that would leave a half behind.
        """
        if pulse.told_at is None:
            pulse.told_at = time.monotonic()
        if self._ended.is_set() or time.monotonic() - pulse.told_at < HEED_SECONDS:
            return
        if pulse.stop is Stop.CANCELLED and not self._cancel(pulse):
            return
        pulse.over = True
        _log.warning("run %s: its training did not end by itself", pulse.run_id)
        if not self._going_on():
            os._exit(0)

    def _cancel(self, pulse: Pulse) -> bool:
        """Whether this ended the run; the training may have done so in this very moment."""
        end, run_id = RunState.CANCELLED, pulse.run_id
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                reason = f"cancelled at step {runs.run(session, run_id).step}"
                runs.finish(session, run_id, pulse.attempt, end, reason=reason, now=now)
        except (StaleAttempt, NotFound):
            return False
        return True


def _wish(cancel: bool, draining: bool) -> Stop | None:
    if cancel:
        return Stop.CANCELLED
    return Stop.DRAINING if draining else None
