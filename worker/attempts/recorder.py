"""From the training's events to rows: batched, and fenced by the attempt.

One transaction about every second instead of one a step: a step takes milliseconds on small
networks, and SQLite has one writer for all runs.
"""

import logging
import math
import time

from models.store import clock
from models.store.database import Database
from models.store.metrics import rows, untrained
from models.store.run_life import runs
from worker.attempts.database_retry import DATABASE_AWAY, retry_while_away
from worker.attempts.time_limit import TrainingClock
from worker.training.events import Evaluated, StepDone, Untrained

_EVERY = 1.0  # seconds

_log = logging.getLogger(__name__)


class Recorder:
    """Keeps rows of metrics until they are in the database. All methods raise `StaleAttempt`."""

    def __init__(self, database: Database, run_id: str, attempt: int, clock: TrainingClock) -> None:
        self._database, self._clock = database, clock
        self._run_id, self._attempt = run_id, attempt
        self._steps: list[rows.StepRow] = []
        self._evaluations: list[rows.EvaluationRow] = []
        self._untrained: list[rows.EvaluationRow] = []
        self._written_at = -math.inf  # the first step is written at once: someone waits for it
        self.step = 0

    def begin_from(self, step: int) -> None:
        """The training goes on after `step`: metrics of later steps are removed."""

        def begin() -> None:
            with self._database.transaction() as session:
                now = clock.now(session)
                runs.begin_from(session, self._run_id, self._attempt, step, now)

        retry_while_away(begin)
        self.step = step

    def add(self, event: StepDone | Evaluated | Untrained) -> None:
        """Keep the metrics of an event until the next write."""
        match event:
            case StepDone():
                self._steps.append(rows.StepRow(**vars(event)))
                self.step = event.step
            case Evaluated():
                self._evaluations.append(rows.EvaluationRow(**vars(event)))
            case Untrained(validation, test):
                self._untrained = [rows.EvaluationRow(**vars(one)) for one in (validation, test)]
                return  # the first step is written at once, and this with it
        self._write_when_due()

    def flush(self) -> None:
        """Write everything so far; retried while the database is away."""
        retry_while_away(self._write)

    def _write_when_due(self) -> None:
        if time.monotonic() - self._written_at < _EVERY:
            return
        try:
            self._write()
        except DATABASE_AWAY as error:
            _log.warning("metrics of run %s are kept for later: %s", self._run_id, error.orig)
            self._written_at = time.monotonic()

    def _write(self) -> None:
        with self._database.transaction() as session:
            runs.advance(
                session,
                self._run_id,
                self._attempt,
                self.step,
                clock.now(session),
                trained_seconds=self._clock.seconds,
            )
            rows.append_steps(session, self._run_id, self._steps)
            for row in self._evaluations:
                rows.append_evaluation(session, self._run_id, row)
            untrained.replace(session, self._run_id, self._untrained)
        self._steps.clear()
        self._untrained.clear()
        self._evaluations.clear()
        self._written_at = time.monotonic()
