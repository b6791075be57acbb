"""The view of a run in progress: its state, what it waits for, the seconds that are left."""

from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.dependencies import Service
from api.runs.views import RunView
from models.errors import Unreadable
from models.states import RunState
from models.store import clock
from models.store.experiment_states import stored_state
from models.store.run_life.pace import seconds_per_step
from models.store.run_life.run_problems import RunProblem
from models.store.tables import Run
from models.store.workers import live_workers

NO_WORKER = "a worker, and none is alive: `tripletlab worker` starts one beside the service"
STARTING = "the worker, which is starting"
NO_PRETRAINED = (
    "a worker with the libraries of pretrained encoders: where one runs, pip install "
    "'tripletlab[pretrained]', and start it again"
)
NO_CUDA = "a worker with a CUDA device: the live ones have none"

REPRESENTATIVE = 0.05  # share of a run's steps after which its pace predicts the rest


@dataclass(frozen=True)
class Fleet:
    """How many workers are alive, how many of them have a CUDA device and how many the extra
    `pretrained`, and whether the service keeps one of its own running."""

    workers: int
    cuda_workers: int
    pretrained_workers: int
    own_worker: bool

    def missing_for(self, run: Run) -> str | None:
        """Return what a queued run needs and does not find, in words."""
        if run.state != RunState.QUEUED:
            return None
        if not self.workers:
            return STARTING if self.own_worker else NO_WORKER
        if run.pretrained and not self.pretrained_workers:
            return NO_PRETRAINED
        return NO_CUDA if run.device == "cuda" and not self.cuda_workers else None


def fleet(service: Service, session: Session) -> Fleet:
    """Count the workers whose last heartbeat is recent."""
    alive = live_workers(session, clock.now(session), service.settings.lease_seconds)
    cuda = sum(1 for worker in alive if worker.cuda_devices)
    pretrained = sum(1 for worker in alive if worker.pretrained)
    return Fleet(len(alive), cuda, pretrained, service.own_worker)


def run_view(run: Run, alive: Fleet) -> RunView:
    pace = representative_pace(run)
    return RunView(
        id=run.id,
        experiment=run.experiment_id,
        arm=run.arm,
        seed=run.seed,
        setting=run.setting,
        tuning=run.tuning,
        state=stored_state(run),
        step=run.step,
        steps=run.steps,
        attempt=run.attempt,
        faults=run.faults,
        reason=run.reason,
        problem=problem_of(run),
        not_before=run.not_before,
        trained_seconds=round(run.trained_seconds, 3),
        worker=run.worker_id,
        device=run.device,
        pretrained=run.pretrained,
        cancel_requested=run.cancel_requested,
        seconds_left=None if pace is None else round(pace * (run.steps - run.step), 1),
        waiting_for=alive.missing_for(run),
        started_at=run.started_at,
        finished_at=run.finished_at,
        weights_sha256=run.weights_sha256,
        provenance=run.provenance,
    )


def problem_of(run: Run) -> RunProblem | None:
    """Return what went wrong with the run. Raises `Unreadable`."""
    if run.problem is None:
        return None
    try:
        return RunProblem.model_validate(run.problem)
    except ValidationError:
        raise Unreadable(f"the stored problem of {run.id} cannot be read by this version") from None


def representative_pace(run: Run) -> float | None:
    """Return seconds a step of the present attempt; None at its start, which loading dominates."""
    if run.step - run.started_step < run.steps * REPRESENTATIVE:
        return None
    return seconds_per_step(run)


def one_run_view(service: Service, session: Session, row: Run) -> RunView:
    return run_view(row, fleet(service, session))


def whole_seconds(run: Run) -> float | None:
    """Return the seconds of a run that succeeded in one attempt, its start and end included.

    None for other runs: only the last attempt of a resumed run has a start and an end.
    """
    whole = run.state == RunState.SUCCEEDED and run.started_step == 0
    if not whole or run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()
