"""One attempt at a claimed run, to its end: events become rows, exceptions become states."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.datasets import cache
from models.errors import DamagedDataset, NotFound, StaleAttempt
from models.files.checkpoint_files import FOLDER
from models.files.file_store import remove_if_possible
from models.settings import Settings
from models.states import RunState
from models.store import clock
from models.store.database import Database
from models.store.run_life import runs
from models.store.run_life.run_problems import RunProblem
from worker.attempts.claiming import Claimed, release, requeue
from worker.attempts.database_retry import DATABASE_AWAY, RETRY_SECONDS, retry_while_away
from worker.attempts.fault_causes import machine_kind, machine_problem
from worker.attempts.heartbeat import RunHeartbeat, Stop
from worker.attempts.lines import measure_lines
from worker.attempts.loading import load_run_data, run_words
from worker.attempts.provenance import device_name, provenance_of
from worker.attempts.recorder import Recorder
from worker.attempts.results import write_results
from worker.attempts.run_log import RunLog, prepared
from worker.attempts.spec_problems import problem_of_spec
from worker.attempts.starts import bring_starts
from worker.attempts.time_limit import TrainingClock
from worker.attempts.usage import UsageSampler
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import choose_device
from worker.training.events import Event, Finished, Saved, Started
from worker.training.loop import train
from worker.training.stack.loop import Member

_log = logging.getLogger(__name__)


class Attempt:
    """A claimed run, until it is finished, released or lost to another attempt."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        claimed: Claimed,
        heartbeat: RunHeartbeat,
        usage: UsageSampler,
        *,
        stack_width: int | None = None,
    ) -> None:
        self._database, self._settings, self._heartbeat = database, settings, heartbeat
        self.run, self.spec = claimed.run, claimed.spec
        self._own = claimed.spec.for_arm(claimed.run.arm)
        self._claimed = claimed
        self._stack_width = stack_width
        self._clock = TrainingClock(self.run.trained_seconds, claimed.spec.time_limit)
        self._recorder = Recorder(database, self.run, self._clock, usage)
        self._folder = settings.run_dir(self.run.id)
        self._files = settings.file_store(RETRY_SECONDS, self._has_the_run)
        self._saved_at = time.monotonic()

    def carry_out(self) -> None:
        """Train, and turn whatever comes of it into a state of the run."""
        self.guard(self._train)

    def guard(self, work: Callable[[], bool]) -> bool:
        """Do `work`, which returns whether the attempt is over then; where it raises, `fail`."""
        try:
            over = work()
        except Exception as error:
            return self.fail(error)
        self._heartbeat.over |= over
        return over

    def fail(self, error: Exception) -> bool:
        """End the attempt with this exception, from which the run's state follows. Returns True, as
        `guard` does for an attempt that is over.

        Nothing is written where the exception says that the run is not this attempt's any more.
        """
        try:
            if isinstance(error, StaleAttempt | NotFound):
                raise error
            name = f"run {self.run.id}, attempt {self.run.attempt}"
            _log.error("%s failed at step %d", name, self._recorder.step, exc_info=error)
            self._end_after(error)
        except (StaleAttempt, NotFound) as stale:
            _log.warning("%s; stopping, nothing more is written", stale)
            self._remove_files_of_a_deleted_run()
        self._heartbeat.over = True
        return True

    def _remove_files_of_a_deleted_run(self) -> None:
        """This attempt may have written files after those of the run were deleted with its row."""
        try:
            with self._database.reading() as session:
                runs.run(session, self.run.id)
        except NotFound:
            remove_if_possible(self._settings.file_store(), self._folder)

    def _has_the_run(self) -> bool:
        """Whether the run is still this attempt's; False where the database is away."""
        try:
            with self._database.reading() as session:
                runs.is_cancel_requested(session, self.run.id, self.run.attempt)
        except (StaleAttempt, NotFound, *DATABASE_AWAY):
            return False
        return True

    def _train(self) -> bool:
        device, data, checkpoints = self.device, self.load(), self.checkpoints()
        arm, seed = self.run.arm, self.run.seed
        tested = not self.run.tuning
        for event in train(
            self.spec, arm, seed, data, device=device, checkpoints=checkpoints, tested=tested
        ):
            if self.take(event, data, device):
                break
        return True

    def member(self) -> Member:
        """The run as a member of a stack."""
        tested = not self.run.tuning
        return Member(self.run.arm, self.run.seed, self.checkpoints(), self.spec, tested)

    @property
    def log(self) -> RunLog:
        """What is told of the run; the recorder stores it."""
        return self._recorder.log

    @property
    def over(self) -> bool:
        """Whether the attempt has ended, whoever ended it."""
        return self._heartbeat.over

    @property
    def device(self) -> str:
        """`cpu` or `cuda`. Raises `NoDevice`."""
        return choose_device(self.run.device)

    def load(self) -> RunData:
        """The arrays that the run trains on. Raises `DamagedDataset` with the data set's name."""
        begun, name = time.monotonic(), self.spec.dataset
        try:
            starts = bring_starts(self._claimed, self._settings, self._files)
            given = self.spec.gives_negatives
            data = load_run_data(self._dataset_folder, self._own, starts, given=given)
        except DamagedDataset as error:
            raise error.of([name]) from error
        self.log.add(prepared(name, data, time.monotonic() - begun))
        return data

    def checkpoints(self) -> Checkpoints:
        """The checkpoints of this run; those of a run that is to begin anew are removed first."""
        if self.run.anew:
            self._files.remove(self._checkpoint_folder)
        return Checkpoints(self._checkpoint_folder, self._due, self._files, self.run.step)

    def take(self, event: Event, data: RunData, device: str) -> bool:
        """Store an event, and stop where that was requested; whether the attempt is over."""
        self._store(event, data, device)
        return self._stops_after(event, data, device)

    def _store(self, event: Event, data: RunData, device: str) -> None:
        match event:
            case Started(step):
                of = (self._settings, self._files, self._claimed, self._dataset_folder)
                measure_lines(self._database, *of, data)
                self.log.add(f"trains on {device}: {device_name(device)}")
                self._recorder.begin_from(step)
                self._clock.start()
                self._saved_at = time.monotonic()
            case Saved(step):
                self._saved_at = time.monotonic()
                self.log.add(f"saved a checkpoint after step {step:,}")
            case Finished():
                self._recorder.flush()
                words = run_words(self._dataset_folder, self._own, data)
                # nobody asks for the networks of a tuning run, and there may be a thousand
                files = None if self.run.tuning else self._files
                weights_sha256 = write_results(files, self._folder, self._own, data, words, event)
                self._finish(
                    RunState.SUCCEEDED,
                    reason=event.stopped_early and f"stopped early: {event.stopped_early}",
                    weights_sha256=weights_sha256,
                    provenance=self._provenance(data, device),
                )
                self._heartbeat.over = True
                remove_if_possible(self._settings.file_store(), self._checkpoint_folder)
            case _:
                self._recorder.add(event)

    def _stops_after(self, event: Event, data: RunData, device: str) -> bool:
        """Stop where that was requested and can be done now; whether the attempt is over."""
        if isinstance(event, Finished):
            return True
        match self._heartbeat.stop:
            case Stop.STALE:
                raise StaleAttempt(f"run {self.run.id} is no longer attempt {self.run.attempt}'s")
            case Stop.CANCELLED:
                self._recorder.flush()
                reason = f"cancelled at step {self._recorder.step}"
                self._finish(RunState.CANCELLED, reason=reason)
                return True
            # a stop of halving, where the training is on disk; it goes on if its setting does
            case _ if isinstance(event, Started | Saved) and event.step == self.run.steps:
                self._rest(data, device)
                return True
            # the training is on disk then, for a person who gives it more time
            case _ if isinstance(event, Saved) and self._clock.limit_reached:
                raise self._clock.fault(event.step, self.run.steps)
            # nothing is lost then: the training has just begun, or is on disk
            case Stop.DRAINING if isinstance(event, Started | Saved):
                reason = f"its worker was asked to stop, at step {self._recorder.step}"
                release(self._database, self.run.id, self.run.attempt, reason)
                return True
        return False

    def _rest(self, data: RunData, device: str) -> None:
        """End here, before the last step of the spec, and keep the checkpoint."""
        self._recorder.flush()
        self._finish(
            RunState.SUCCEEDED,
            reason=f"it was trained to step {self.run.steps}, where settings are left out",
            provenance=self._provenance(data, device),
        )
        self._heartbeat.over = True

    def _provenance(self, data: RunData, device: str) -> dict[str, Any]:
        own = self._claimed
        return provenance_of(device, own.content_hash, data, self._stack_width, own.model_hash)

    def _due(self, step: int) -> bool:
        """Whether the training is to save a checkpoint now.

        Metrics of the steps before it are written first: a resume goes on after them.
        """
        unsaved = time.monotonic() - self._saved_at
        stops = self._heartbeat.stop is Stop.DRAINING or self._clock.limit_reached
        rests = step == self.run.steps
        due = stops or rests or unsaved >= self._settings.checkpoint_seconds
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
                    self.run.id,
                    self.run.attempt,
                    to,
                    reason=reason,
                    problem=problem,
                    weights_sha256=weights_sha256,
                    provenance=provenance,
                    now=clock.now(session),
                )

        retry_while_away(end)

    def _end_after(self, error: Exception) -> None:
        """Requeue the run after a fault of the machine; fail it, with its metrics stored, after one
        of its spec."""
        attempt, step = self.run.attempt, self._recorder.step
        device = choose_device("auto") if self.run.device == "auto" else self.run.device
        kind = machine_kind(error, device)
        if kind is not None:
            problem = machine_problem(kind, error, attempt=attempt, step=step)
            policy = self._settings.retry_policy
            self._recorder.write_log()
            requeue(self._database, self.run.id, attempt, problem, policy)
            return
        self._recorder.flush()
        problem = problem_of_spec(error, self._database, self.run, self._own, step)
        self._finish(RunState.FAILED, reason=problem.sentence(), problem=problem)

    @property
    def _dataset_folder(self) -> Path:
        folder = self._settings.datasets_dir / self._claimed.content_hash
        return self._files.bring_folder(folder, last=cache.PAIRS)

    @property
    def _checkpoint_folder(self) -> Path:
        return self._folder / FOLDER
