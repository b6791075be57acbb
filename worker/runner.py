"""One attempt at a claimed run, to its end: events to rows, exceptions to states."""

import logging
import shutil
import time
from pathlib import Path
from typing import Any

from models import clock, runs
from models.database import Database
from models.errors import StaleAttempt, TrainingFault
from models.settings import Settings
from models.states import RunState
from worker.claiming import Claimed
from worker.giving_back import give_back, give_back_or_up
from worker.heart import Heart, Stop
from worker.loading import load_run_data, run_words
from worker.patience import patiently
from worker.provenance import provenance_of
from worker.recorder import Recorder
from worker.results import write_results
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.devices import choose_device
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
        self._recorder = Recorder(database, self._run.id, self._run.attempt)
        self._folder = settings.run_dir(self._run.id)
        self._saved_at = time.monotonic()

    def carry_out(self) -> None:
        """Train, and turn whatever comes of it into a state of the run."""
        name = f"run {self._run.id}, attempt {self._run.attempt}"
        _log.info("%s: begins", name)
        try:
            try:
                self._train()
            except TrainingFault as fault:
                _log.warning("%s: failed: %s", name, fault)
                self._recorder.flush()
                self._finish(RunState.FAILED, reason=str(fault))
            except StaleAttempt:
                raise
            except Exception as error:
                _log.exception("%s: broke at step %d", name, self._recorder.step)
                self._hand_on(error)
        except StaleAttempt as stale:
            _log.warning("%s; stopping, nothing more is written", stale)

    def _train(self) -> None:
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
        due = waited >= self._settings.checkpoint_seconds or self._heart.stop is Stop.DRAINING
        if due:
            self._recorder.flush()
        return due

    def _finish(
        self,
        to: RunState,
        *,
        reason: str | None = None,
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
                    weights_sha256=weights_sha256,
                    provenance=provenance,
                    now=clock.now(session),
                )

        patiently(end)

    def _hand_on(self, error: Exception) -> None:
        """The fault may be this machine's or this moment's: another attempt, while there are."""
        give_back_or_up(
            self._database,
            self._run.id,
            self._run.attempt,
            f"{type(error).__name__} at step {self._recorder.step}: {error}",
            self._settings.max_attempts,
        )

    @property
    def _dataset_folder(self) -> Path:
        return self._settings.datasets_dir / self._content_hash

    @property
    def _checkpoint_folder(self) -> Path:
        return self._folder / "checkpoints"
