"""One attempt at a claimed run, to its end: events to rows, exceptions to states."""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from models import clock, metrics, runs
from models.database import Database
from models.errors import NotFound, StaleAttempt
from models.run_problems import RunProblem
from models.settings import Settings
from models.states import RunState
from worker.claiming import Claimed
from worker.diverged import diverged_problem
from worker.faults import machine_kind, machine_problem, spec_problem
from worker.first_gauge import WINDOW
from worker.giving_back import give_back, hand_on
from worker.heart import Heart, Stop
from worker.loading import load_run_data, run_words
from worker.patience import patiently
from worker.provenance import provenance_of
from worker.recorder import Recorder
from worker.results import write_results
from worker.timing import TimeIsUp, TrainingClock, time_problem
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import choose_device
from worker.training.divergence import Diverged
from worker.training.events import Evaluated, Event, Finished, Saved, Started, StepDone
from worker.training.loop import train

_log = logging.getLogger(__name__)


class Attempt:
    """A claimed run, until it is finished, given back or lost to another attempt."""

    def __init__(
        self, database: Database, settings: Settings, claimed: Claimed, heart: Heart
    ) -> None:
        self._database, self._settings, self._heart = database, settings, heart
        self._run, self._spec = claimed.run, claimed.spec
        self._own = claimed.spec.for_arm(claimed.run.arm)
        self._content_hash = claimed.content_hash
        self._clock = TrainingClock(self._run.trained_seconds, claimed.spec.time_limit)
        self._recorder = Recorder(database, self._run.id, self._run.attempt, self._clock)
        self._folder = settings.run_dir(self._run.id)
        self._saved_at = time.monotonic()

    def carry_out(self) -> None:
        """Train, and turn whatever comes of it into a state of the run."""
        name = f"run {self._run.id}, attempt {self._run.attempt}"
        _log.info("%s: begins", name)
        try:
            try:
                self._train()
            except (StaleAttempt, NotFound):
                raise
            except Exception as error:
                _log.exception("%s: broke at step %d", name, self._recorder.step)
                self._end_after(error)
        except (StaleAttempt, NotFound) as stale:
            _log.warning("%s; stopping, nothing more is written", stale)
            self._leave_no_files_of_a_deleted_run()

    def _leave_no_files_of_a_deleted_run(self) -> None:
        """This attempt may have written after the files went with the row."""
        try:
            with self._database.reading() as session:
                runs.run(session, self._run.id)
        except NotFound:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _train(self) -> None:
        if self._run.anew and self._checkpoint_folder.exists():
            shutil.rmtree(self._checkpoint_folder)
        device = choose_device(self._run.device)
        data = load_run_data(self._dataset_folder, self._own)
        checkpoints = Checkpoints(self._checkpoint_folder, self._due)
        arm, seed = self._run.arm, self._run.seed
        events = train(self._spec, arm, seed, data, device=device, checkpoints=checkpoints)
        for event in events:
            self._take(event, data, device)
            if self._stops_after(event):
                return

    def _take(self, event: Event, data: RunData, device: str) -> None:
        match event:
            case Started(step):
                self._recorder.begin_from(step)
                self._clock.start()
                self._saved_at = time.monotonic()
            case StepDone():
                self._recorder.add_step(event)
            case Evaluated():
                self._recorder.add_evaluation(event)
            case Saved():
                self._saved_at = time.monotonic()
            case Finished():
                self._recorder.flush()
                words = run_words(self._dataset_folder, self._own, data)
                weights_sha256 = write_results(self._folder, self._own, data, words, event)
                self._finish(
                    RunState.SUCCEEDED,
                    reason=event.stopped_early and f"stopped early: {event.stopped_early}",
                    weights_sha256=weights_sha256,
                    provenance=provenance_of(device, self._content_hash),
                )
                shutil.rmtree(self._checkpoint_folder, ignore_errors=True)

    def _stops_after(self, event: Event) -> bool:
        """Heed the wish to stop, if there is one; True when the attempt is over."""
        if isinstance(event, Finished):
            return True
        match self._heart.stop:
            case Stop.STALE:
                raise StaleAttempt(f"run {self._run.id} is no longer attempt {self._run.attempt}'s")
            case Stop.CANCELLED:
                self._recorder.flush()
                reason = f"cancelled at step {self._recorder.step}"
                self._finish(RunState.CANCELLED, reason=reason)
                return True
            # the training is on disk then, for a person who gives it more time
            case _ if isinstance(event, Saved) and self._clock.is_up:
                raise TimeIsUp(self._clock.said(event.step, self._run.steps))
            # nothing is lost then: the training has just begun, or is on disk
            case Stop.DRAINING if isinstance(event, Started | Saved):
                reason = f"its worker was asked to stop, at step {self._recorder.step}"
                give_back(self._database, self._run.id, self._run.attempt, reason)
                return True
        return False

    def _due(self, _step: int) -> bool:
        """Whether the training is to save a checkpoint now.

        Figures up to it are written first: a resume from it goes on after them.
        """
        waited = time.monotonic() - self._saved_at
        stops = self._heart.stop is Stop.DRAINING or self._clock.is_up
        due = stops or waited >= self._settings.checkpoint_seconds
        if due:
            self._recorder.flush()
        return due

    def _finish(
        self,
        to: RunState,
        *,
        reason: str | None = None,
        problem: RunProblem | None = None,
        weights_sha256: str | None = None,
        provenance: dict[str, Any] | None = None,
    ) -> None:
        def end() -> None:
            with self._database.transaction() as session:
                runs.finish(
                    session,
                    self._run.id,
                    self._run.attempt,
                    to,
                    reason=reason,
                    problem=problem,
                    weights_sha256=weights_sha256,
                    provenance=provenance,
                    now=clock.now(session),
                )

        patiently(end)

    def _end_after(self, error: Exception) -> None:
        """What the machine did is tried again; what the spec did ends the run, with its figures."""
        attempt, step = self._run.attempt, self._recorder.step
        device = choose_device("auto") if self._run.device == "auto" else self._run.device
        kind = machine_kind(error, device)
        if kind is not None:
            problem = machine_problem(kind, error, attempt=attempt, step=step)
            policy = self._settings.retry_policy
            hand_on(self._database, self._run.id, attempt, problem, policy)
            return
        self._recorder.flush()
        problem = self._problem(error)
        self._finish(RunState.FAILED, reason=problem.sentence(), problem=problem)

    def _problem(self, error: Exception) -> RunProblem:
        attempt, step = self._run.attempt, self._recorder.step
        match error:
            case Diverged():
                with self._database.reading() as session:
                    series = metrics.steps_series(session, self._run.id, after=step - WINDOW)
                return diverged_problem(error, self._own, series, attempt)
            case TimeIsUp():
                return time_problem(error, attempt=attempt, step=step)
            case _:
                return spec_problem(error, attempt=attempt, step=step)

    @property
    def _dataset_folder(self) -> Path:
        return self._settings.datasets_dir / self._content_hash

    @property
    def _checkpoint_folder(self) -> Path:
        return self._folder / "checkpoints"
