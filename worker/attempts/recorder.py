"""From the training's events to rows: batched, and fenced by the attempt.

One transaction about every second instead of one a step: a step takes milliseconds on small
networks, and SQLite has one writer for all runs. The lines of the run's log go with them, and so do
the samples of what its process uses.
"""

import logging
import math
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.store import clock
from models.store.database import Database
from models.store.metrics import rows, untrained
from models.store.metrics.usage import write_usage
from models.store.run_life import log_lines, runs
from models.store.tables import Run
from worker.attempts.database_retry import DATABASE_AWAY, retry_while_away
from worker.attempts.run_log import RunLog, begun, evaluated
from worker.attempts.time_limit import TrainingClock
from worker.attempts.usage import UsageSampler
from worker.training.events import Evaluated, StepDone, Untrained

_EVERY = 1.0  # seconds

_log = logging.getLogger(__name__)


class Recorder:
    """Keeps rows of metrics until they are in the database. All methods raise `StaleAttempt`."""

    def __init__(
        self, database: Database, run: Run, clock: TrainingClock, usage: UsageSampler
    ) -> None:
        self._database, self._clock, self._usage = database, clock, usage
        self._run_id, self._attempt = run.id, run.attempt
        self._reached = run.step  # by earlier attempts
        self._samples_written = (0, 0)  # how often they had been joined then, and how many
        self.log = RunLog(run.attempt)
        self._steps: list[rows.StepRow] = []
        self._evaluations: list[rows.EvaluationRow] = []
        self._untrained: list[rows.EvaluationRow] = []
        self._written_at = -math.inf  # the first step is written at once: someone waits for it
        self.step = 0

    def begin_from(self, step: int) -> None:
        """The training goes on after `step`: metrics of later steps are removed."""
        self.log.add(begun(step, self._reached))

        def begin() -> None:
            with self._database.transaction() as session:
                now = clock.now(session)
                runs.begin_from(session, self._run_id, self._attempt, step, now)
                lines = self._write_lines(session, now)
            self.log.stored(lines)

        retry_while_away(begin)
        self.step = self.log.step = step

    def add(self, event: StepDone | Evaluated | Untrained) -> None:
        """Keep the metrics of an event until the next write."""
        match event:
            case StepDone():
                self._steps.append(rows.StepRow(**vars(event)))
                self.step = self.log.step = event.step
            case Evaluated():
                self._evaluations.append(rows.EvaluationRow(**vars(event)))
                self.log.add(evaluated(event))
            case Untrained(validation, test):
                self._untrained = [rows.EvaluationRow(**vars(one)) for one in (validation, test)]
        self._write_when_due()

    def flush(self) -> None:
        """Write everything so far; retried while the database is away."""
        self._usage.sample()
        retry_while_away(self._write)

    def write_log(self) -> None:
        """Write what the log has, once: before the end of an attempt whose metrics are trained
        again, and whose fault may be the database's."""
        try:
            with self._database.transaction() as session:
                now = clock.now(session)
                runs.advance(session, self._run_id, self._attempt, self.step, now)
                lines = self._write_lines(session, now)
            self.log.stored(lines)
        except DBAPIError as error:
            _log.warning("the last lines of run %s's log are lost: %s", self._run_id, error.orig)

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
            now = clock.now(session)
            runs.advance(
                session,
                self._run_id,
                self._attempt,
                self.step,
                now,
                trained_seconds=self._clock.seconds,
            )
            rows.append_steps(session, self._run_id, self._steps)
            for row in self._evaluations:
                rows.append_evaluation(session, self._run_id, row)
            untrained.replace(session, self._run_id, self._untrained)
            lines = self._write_lines(session, now)
            samples = self._write_usage(session)
        self.log.stored(lines)
        self._samples_written = samples
        self._steps.clear()
        self._untrained.clear()
        self._evaluations.clear()
        self._written_at = time.monotonic()

    def _write_lines(self, session: Session, now: datetime) -> Sequence[log_lines.NumberedLine]:
        lines = self.log.numbered(lambda: log_lines.last_number(session, self._run_id), now)
        log_lines.write_lines(session, self._run_id, lines)
        return lines

    def _write_usage(self, session: Session) -> tuple[int, int]:
        """Write the samples that are new, or all of them once they were joined."""
        times, samples = self._usage.samples()
        before, written = self._samples_written
        start = written if times == before else 0
        if len(samples) > start:
            write_usage(session, self._run_id, self._attempt, samples[start:], start)
        return times, len(samples)
