"""Taking a run, and handing it back: `claim` begins an attempt, `release` and `requeue` end one
before the run has ended.

Each is one transaction, which is retried while the database is away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from sqlalchemy.orm import Session

from models.errors import Invalid
from models.retry_policy import RetryPolicy
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.training import PretrainedEncoder
from models.specs.tuned_arms import for_run
from models.states import RunState
from models.store import clock, experiments, workers
from models.store.database import Database
from models.store.run_life import runs
from models.store.run_life.log_lines import add_line
from models.store.run_life.run_problems import PREFIX, RunProblem
from models.store.tables import Run
from models.store.uploads.pretrained_models import MODELS
from models.store.uploads.token_vectors import VECTORS
from worker.attempts.database_retry import retry_while_away


@dataclass(frozen=True)
class Claimed:
    """A run that this process has claimed as `run.attempt`, and its data's hash.

    `experiment` is the spec that is stored, `spec` the one that this run trains with (`for_run`).
    """

    run: Run
    experiment: ExperimentSpec
    content_hash: str
    models: Mapping[str, str] = field(default_factory=dict)
    """The content hash of each pretrained model that arms start from, by its name."""
    vectors: Mapping[str, str] = field(default_factory=dict)
    """The same of token vectors."""

    @cached_property
    def spec(self) -> ExperimentSpec:
        return for_run(self.experiment, self.run.arm, self.run.setting)

    @property
    def model_hash(self) -> str | None:
        """The content hash of the pretrained model that this run starts from, if it does."""
        encoder = self.spec.for_arm(self.run.arm).encoder
        return self.models.get(encoder.model) if isinstance(encoder, PretrainedEncoder) else None

    @property
    def vectors_hash(self) -> str | None:
        """The content hash of the token vectors that this run starts from, if it does."""
        encoder = self.spec.for_arm(self.run.arm).encoder
        if isinstance(encoder, PretrainedEncoder) or encoder.vectors is None:
            return None
        return self.vectors.get(encoder.vectors)


def claim(database: Database, run_id: str, worker_id: str, place: str = "") -> Claimed | None:
    """Take the run; None where another attempt has it or it needs a device that this worker lacks.
    `place` says in the run's log where it is trained.

    A run whose stored spec this version does not read is failed, or it would be announced for ever.
    """

    def take() -> Claimed | None:
        with database.transaction() as session:
            run = _claim(session, run_id, worker_id, place)
            if run is None:
                return None
            experiment = experiments.experiment(session, run.experiment_id)
            try:
                spec = parse_spec(experiment.spec)
            except Invalid as error:
                _refuse(session, run, error)
                return None
            return Claimed(
                run,
                spec,
                experiment.content_hash,
                {one.name: one.content_hash for one in MODELS.of(session, experiment.id)},
                {one.name: one.content_hash for one in VECTORS.of(session, experiment.id)},
            )

    return retry_while_away(take)


def claim_companions(
    database: Database,
    first: Claimed,
    worker_id: str,
    fits: Callable[[Run], bool],
    at_most: int,
    place: str = "",
) -> list[Claimed]:
    """Take up to `at_most` more runs of the experiment: queued ones for which `fits` is true."""

    def take() -> list[Run]:
        with database.transaction() as session:
            waiting = (
                run
                for run in experiments.runs_of(session, first.run.experiment_id)
                if run.state == RunState.QUEUED and fits(run)
            )
            claims = (_claim(session, run.id, worker_id, place) for run in waiting)
            return list(islice(filter(None, claims), at_most))

    return [replace(first, run=run) for run in retry_while_away(take)]


def _claim(session: Session, run_id: str, worker_id: str, place: str) -> Run | None:
    able, now = workers.abilities(session, worker_id)._asdict(), clock.now(session)
    run = runs.claim(session, run_id, worker_id=worker_id, **able, now=now)
    if run is not None:
        where = f" on {place}" if place else ""
        started = f"attempt {run.attempt} started by worker {worker_id}{where}"
        add_line(session, run.id, started, attempt=run.attempt, step=run.step, now=now)
    return run


def _refuse(session: Session, run: Run, error: Invalid) -> None:
    problem = RunProblem(
        type=f"{PREFIX}spec",
        title="The stored spec cannot be read",
        detail=f"this version does not accept the spec that was stored: {error}",
        attempt=run.attempt,
        step=run.step,
        cause="It was accepted by another version of the service.",
        advice="Send the spec again; the reply then says what is refused in it.",
    )
    runs.finish(
        session,
        run.id,
        run.attempt,
        RunState.FAILED,
        reason=problem.sentence(),
        problem=problem,
        now=clock.now(session),
    )


def release(database: Database, run_id: str, attempt: int, reason: str) -> None:
    """Queue the run again at once, without counting a fault: nothing went wrong with it.

    Raises `StaleAttempt`.
    """

    def queue() -> None:
        with database.transaction() as session:
            runs.release(session, run_id, attempt, reason=reason, now=clock.now(session))

    retry_while_away(queue)


def requeue(
    database: Database, run_id: str, attempt: int, problem: RunProblem, policy: RetryPolicy
) -> RunState:
    """After a fault of the machine, queue the run again with a pause before its next attempt, or
    fail it when this was the last attempt it may have; the run's state afterwards.

    Raises `StaleAttempt`.
    """

    def change() -> RunState:
        with database.transaction() as session:
            return runs.fault(
                session, run_id, attempt, problem=problem, policy=policy, now=clock.now(session)
            )

    return retry_while_away(change)
