"""How an experiment stands: its view, what it waits for, and how long it will still take."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy.orm import Session

from api.deps import Service
from api.looks import look_views
from api.views import ExperimentView, LookView, RunView
from models import clock
from models.experiments import experiment, runs_of
from models.looks import looks_of
from models.run_problems import RunProblem
from models.states import TERMINAL, LookState, RunState, experiment_state
from models.tables import Run
from models.workers import live_workers

NO_WORKER = "a worker: none is alive; start one with `tripletlab worker`"
NO_CUDA = "a worker with a CUDA device: the live ones have none"

SHARE_THAT_TELLS = 0.05  # of a run's steps, before its pace is told


@dataclass(frozen=True)
class Fleet:
    """Which workers are alive at a moment."""

    now: datetime
    workers: int
    cuda_workers: int

    def missing_for(self, run: Run) -> str | None:
        """What a queued run needs and does not find, in words."""
        if run.state != RunState.QUEUED:
            return None
        if not self.workers:
            return NO_WORKER
        return NO_CUDA if run.device == "cuda" and not self.cuda_workers else None


def fleet(service: Service, session: Session) -> Fleet:
    """The workers whose heartbeat is young enough."""
    now = clock.now(session)
    alive = live_workers(session, now, service.settings.lease_seconds)
    return Fleet(now, len(alive), sum(1 for worker in alive if worker.cuda_devices))


def run_view(run: Run, alive: Fleet) -> RunView:
    pace = seconds_per_step(run, alive.now)
    return RunView(
        id=run.id,
        experiment=run.experiment_id,
        arm=run.arm,
        seed=run.seed,
        state=RunState(run.state),
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
        cancel_requested=run.cancel_requested,
        seconds_left=None if pace is None else round(pace * (run.steps - run.step), 1),
        waiting_for=alive.missing_for(run),
        started_at=run.started_at,
        finished_at=run.finished_at,
        weights_sha256=run.weights_sha256,
        provenance=run.provenance,
    )


def problem_of(run: Run) -> RunProblem | None:
    return None if run.problem is None else RunProblem.model_validate(run.problem)


def seconds_per_step(run: Run, now: datetime) -> float | None:
    """The pace of the attempt that goes on; None at its start, while loading hides the pace."""
    done = run.step - run.started_step
    if run.state != RunState.RUNNING or run.started_at is None:
        return None
    if done < max(1, run.steps * SHARE_THAT_TELLS):
        return None
    return (now - run.started_at).total_seconds() / done


def experiment_view(service: Service, session: Session, experiment_id: str) -> ExperimentView:
    """The whole view; `NotFound` when there is no such experiment."""
    row = experiment(session, experiment_id)
    runs = runs_of(session, experiment_id)
    plan = look_views(looks_of(session, experiment_id))
    alive = fleet(service, session)
    views = [run_view(run, alive) for run in runs]
    return ExperimentView(
        id=row.id,
        name=row.name,
        state=state_of(runs, plan),
        dataset=row.spec["dataset"],
        created_at=row.created_at,
        progress=_progress(runs, plan),
        seconds_left=_seconds_left(runs, alive.now),
        waiting_for=next((view.waiting_for for view in views if view.waiting_for), None),
        runs=views,
        plan=plan,
        spec=row.spec,
        owner=row.owner,
    )


def one_run_view(service: Service, session: Session, row: Run) -> RunView:
    return run_view(row, fleet(service, session))


def state_of(runs: Sequence[Run], plan: Sequence[LookView] = ()) -> RunState:
    """The experiment's state; with a look left in its plan it goes on though all runs ended."""
    counts = dict.fromkeys(RunState, 0)
    for run in runs:
        counts[RunState(run.state)] += 1
    return experiment_state(counts, look_left=_look_left(plan))


def _look_left(plan: Sequence[LookView]) -> bool:
    return any(look.state == LookState.PLANNED for look in plan)


def _progress(runs: Sequence[Run], plan: Sequence[LookView]) -> float:
    done = sum(run.steps if run.state in TERMINAL else run.step for run in runs)
    return share_done(done, sum(run.steps for run in runs), plan)


def share_done(done: int, steps: int, plan: Sequence[LookView]) -> float:
    """Of the steps of all runs that there may be at most, while a look may still add some."""
    share = done / steps
    if _look_left(plan):
        planned_now = next(look.pairs for look in plan if look.state == LookState.PLANNED)
        share *= planned_now / plan[-1].pairs
    return round(share, 4)


def _seconds_left(runs: Sequence[Run], now: datetime) -> float | None:
    """What is left, shared among the runs that go on, at the median pace of those that ended or,
    before any has, of those that go on."""
    going_on = sum(run.state == RunState.RUNNING for run in runs)
    paces = [pace for run in runs if (pace := _whole_pace(run)) is not None]
    paces = paces or [pace for run in runs if (pace := seconds_per_step(run, now)) is not None]
    if not paces or not going_on:
        return None
    left = sum(run.steps - run.step for run in runs if run.state not in TERMINAL)
    return round(left * median(paces) / going_on, 1)


def _whole_pace(run: Run) -> float | None:
    seconds = whole_seconds(run)
    return None if seconds is None else seconds / run.step


def whole_seconds(run: Run) -> float | None:
    """Seconds of a run that succeeded in one go, its start and its end included; a run that was
    resumed tells too little."""
    whole = run.state == RunState.SUCCEEDED and run.started_step == 0
    if not whole or run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()


def etag(view: ExperimentView) -> str:
    """Changes when anything that a person would call a change does; a weak tag, since seconds
    tick on by themselves and are left out."""
    ticking = {"seconds_left", "trained_seconds"}
    text = view.model_dump_json(exclude={"seconds_left": True, "runs": {"__all__": ticking}})
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
