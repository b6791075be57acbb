"""A lab of real parts for tests: data folder, database, broker, and workers to start and kill.

Everything is the product's own: the worker is `python -m worker` with settings in its environment.
Models are tiny and the periods of heartbeat, lease and reaper short; nothing else differs.
"""

import copy
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from models.broker import celery_app, submit
from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, content_hash
from models.datasets.profile import profile
from models.files.checkpoint_files import checkpoints_in
from models.processes.parent_death import bound
from models.settings import Settings
from models.specs.parse import parse_spec
from models.states import TERMINAL, RunState
from models.store import datasets, experiments
from models.store.database import Database
from models.store.metrics import rows
from models.store.run_life import runs
from models.store.tables import Run
from models.store.uploads.pretrained_models import MODELS
from models.store.uploads.token_vectors import VECTORS

from support.process_tree import all_pids, attempted_run, descendants, is_alive
from support.receivers import Receiver
from support.spoiling import SpoiledTraining

ROWS = 1200
PATIENCE = 240.0  # seconds until a test calls it never; a busy machine is no failure


def wait_until(
    what: str,
    holds: Callable[[], Any],
    seconds: float = PATIENCE,
    *,
    every: float = 0.1,
    log: Callable[[], str] = str,
) -> Any:
    """Return the first true answer of `holds`, asked `every` so many seconds; fail, saying what
    never came, and the `log` then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(every)
    raise AssertionError(f"waited {seconds:g} s and never saw: {what}\n{log()}")


class WorkerForTests:
    """A worker's top process, and whatever it starts."""

    def __init__(self, settings: Settings, log: Path, **environment: str) -> None:
        self._log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                bound([sys.executable, "-m", "worker"]),  # a killed test run leaves none behind
                env=settings.environment(**environment),
                stdin=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """What a power cut is to the top process; the others follow by themselves."""
        self.process.kill()
        self.process.wait()

    def log(self) -> str:
        return self._log.read_text()

    def family(self) -> set[int]:
        """Pids of the worker and all processes under it."""
        return descendants(self.process.pid)


class Lab:
    """What an API process would hold, without HTTP."""

    def __init__(
        self, folder: Path, database_url: str, broker_url: str, files_url: str = ""
    ) -> None:
        self.folder = folder
        self.spoiled = SpoiledTraining(folder / "site")
        self.receiver = Receiver()
        """Whom the workers may tell of an end; it hears nothing before it is entered."""
        self.settings = Settings(
            data_dir=folder / "data",
            database_url=database_url,
            broker_url=broker_url,
            files_url=files_url,
            workers=1,
            heartbeat_seconds=0.25,
            resubmit_seconds=1,
            checkpoint_seconds=0.2,
            max_attempts=2,
            retry_seconds=0.2,
            webhook_hosts=self.receiver.place,
            webhook_retry_seconds=0.1,
        )
        self.database = Database(database_url)
        self.app = celery_app(broker_url)
        self.workers: list[WorkerForTests] = []
        self._changes: dict[str, Any] = {}  # of the last worker's settings
        self._undisturbed: dict[str, tuple[Any, ...]] = {}
        self.dataset_folder = self.add_dataset("generated")

    def add_dataset(self, name: str, seed: int = 0) -> Path:
        return self.add_pairs(name, generate_pairs(ROWS, seed))

    def add_pairs(self, name: str, pairs: Pairs) -> Path:
        """Store rows of whatever shape under `name`; returns the folder of their files."""
        digest = content_hash(pairs)
        folder = self.settings.datasets_dir / digest
        cache.store(pairs, folder)
        tokens, groups = cache.open_tokens(folder, "word", pairs), cache.open_groups(folder, pairs)
        about = profile(pairs, tokens, groups)
        self.settings.file_store().give_folder(folder, last=cache.PAIRS)
        with self.database.transaction() as session:
            datasets.add_dataset(
                session, name=name, content_hash=digest, has_split=False, profile=about
            )
        return folder

    def worker(self, **changes: Any) -> WorkerForTests:
        """A worker with these changes to the settings, and no other: that which runs, if it has
        them. Starting one costs seconds of a processor, so tests share it where they can."""
        if not self._running() or self._changes != changes:
            self.stop_worker()
            self.start_worker(**changes)
        return self.workers[-1]

    def start_worker(self, **changes: Any) -> WorkerForTests:
        """One more worker. Its trainings can be spoiled (`spoiled`)."""
        settings = self.settings.model_copy(update=changes)
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(WorkerForTests(settings, log, **self.spoiled.environment))
        self._changes = changes
        return self.workers[-1]

    def stop_worker(self) -> None:
        """End the workers that run, in order."""
        for worker in self._running():
            worker.stop()

    def _running(self) -> list[WorkerForTests]:
        return [worker for worker in self.workers if worker.process.poll() is None]

    def expire_lease(self, run: Run) -> None:
        """Let the lease of a run end now: of one whose worker was killed. A short lease would also
        lapse where a machine is too busy to let a living worker beat."""
        long_ago = datetime.now(UTC) - timedelta(days=1)
        with self.database.transaction() as session:
            session.execute(update(Run).where(Run.id == run.id).values(heartbeat_at=long_ago))

    def create(self, *, announced: int = 1, **changes: Any) -> list[Run]:
        """Runs of two arms under one seed, with `changes` to the spec, `announced` so often."""
        spec = parse_spec({**_SPEC, **changes})
        with self.database.transaction() as session:
            dataset = datasets.dataset_by_name(session, spec.dataset)
            row = experiments.create_experiment(
                session,
                spec=spec,
                dataset=dataset,
                test_pairs=200,
                baseline_majority=0.6,
                baseline_collapsed=0.4,
                left_out_pairs=0,
                idempotency_key=None,
                request_hash="",
                models=MODELS.all(session) if spec.encoder.kind == "pretrained" else (),
                vectors=VECTORS.all(session),
            )
            made = experiments.runs_of(session, row.id)
        for run in made * announced:
            submit(self.app, run.id, run.device, pretrained=run.pretrained)
        return made

    def spec_arms(self) -> list[dict[str, Any]]:
        """The two arms of every experiment here, to be changed."""
        return copy.deepcopy(_SPEC["arms"])

    def create_one(self, *, announced: int = 1, **changes: Any) -> Run:
        """As `create`, but the run of the second arm is cancelled before it can start."""
        run, other = self.create(announced=0, **changes)
        self.cancel(other)
        for _ in range(announced):
            submit(self.app, run.id, run.device, pretrained=run.pretrained)
        return run

    def cancel(self, run: Run) -> None:
        with self.database.transaction() as session:
            runs.request_cancel(session, run.id, datetime.now(UTC))

    def run(self, run: Run) -> Run:
        with self.database.reading() as session:
            return runs.run(session, run.id)

    def wait_for_state(self, run: Run, state: RunState) -> Run:
        def there() -> bool:
            now = self.run(run)
            assert now.state == state or now.state not in TERMINAL, (now.state, now.reason)
            return now.state == state

        wait_until(f"run {run.id} {state}", there)
        return self.run(run)

    def wait_for_success(self, *made: Run) -> list[Run]:
        return [self.wait_for_state(run, RunState.SUCCEEDED) for run in made]

    def wait_for_step(self, run: Run, step: int) -> Run:
        wait_until(f"step {step} of {run.id}", lambda: self.run(run).step >= step)
        return self.run(run)

    def wait_for_checkpoint(self, run: Run) -> None:
        files, folder = self.settings.file_store(), self.settings.run_dir(run.id)
        wait_until("a checkpoint", lambda: checkpoints_in(files, folder))

    def figures(self, run: Run) -> tuple[Any, ...]:
        return figures_of(self.database, self.settings, run.id)

    def undisturbed(self, **changes: Any) -> tuple[Any, ...]:
        """The figures of such a run that one worker trains from beginning to end, without a fault;
        trained once for all that compare with it. They are the same on every database."""
        asked = json.dumps(changes, sort_keys=True)
        if asked not in self._undisturbed:
            (run,) = self.wait_for_success(self.create_one(**changes))
            assert (run.attempt, run.faults) == (1, 0)
            self._undisturbed[asked] = self.figures(run)
        return self._undisturbed[asked]

    def close(self) -> None:
        for worker in self._running():
            worker.kill()
        self.receiver.close()
        self.app.close()
        self.database.close()


_LOSS = {"terms": [{"kind": "mean_negative"}, {"kind": "closest_negative"}]}
_MASKED = {"terms": [{"kind": "closest_negative", "among": "not_harder_than_positive"}]}
_SPEC: dict[str, Any] = {
    "dataset": "generated",
    "split": {"kind": "in_order", "train_rows": 1000, "test_rows": 200},
    "encoder": {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8},
    "batch_size": 16,
    "steps": 40,
    "evaluate_every": 20,
    "validation_batches": 1,
    "validation_pairs": 64,
    "device": "cpu",
    "arms": [{"name": "plain", "loss": _LOSS}, {"name": "masked", "loss": _MASKED}],
    "seeds": {"count": 1},
}


def figures_of(database: Database, settings: Settings, run_id: str) -> tuple[Any, ...]:
    """All that must be the same bits in two trainings of one spec, arm and seed."""
    with database.reading() as session:
        steps = rows.steps_series(session, run_id)
        evaluations = [vars(row) for row in rows.evaluations_of(session, run_id)]
        weights_sha256 = runs.run(session, run_id).weights_sha256
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in settings.run_dir(run_id).glob("*.safetensors")
    }
    return steps, evaluations, files, weights_sha256


def attempt_pids(run: Run) -> list[int]:
    """Processes of attempts at this run."""
    return [pid for pid in all_pids() if attempted_run(pid) == run.id and is_alive(pid)]


def kill_attempt(run: Run) -> None:
    """`kill -9` the process in which the run trains."""
    for pid in wait_until("an attempt's process", lambda: attempt_pids(run)):
        os.kill(pid, signal.SIGKILL)
