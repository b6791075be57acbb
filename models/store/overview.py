"""The service at a glance, for a monitor: how much waits, how long, who works, how fast.

A few aggregates over the runs that are *not* ended and one count over all, so that looking every
few seconds costs little however much was trained before.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.states import RunState
from models.store.run_life.pace import seconds_per_step
from models.store.tables import Run
from models.store.workers import live_workers


@dataclass(frozen=True)
class Overview:
    """Counts, and ages in seconds; an age is 0 where there is nothing of its kind."""

    runs: dict[RunState, int]
    attempts: int
    oldest_queued: float
    oldest_heartbeat: float
    seconds_per_step: float | None
    workers: int
    cuda_workers: int
    slots: int


def overview(session: Session, now: datetime, lease_seconds: float) -> Overview:
    """How the service stands at `now`.

    `oldest_queued` is since the message of a run that still waits was last sent; `attempts` counts
    starts of the runs that are there; `seconds_per_step` is the mean over the running runs that
    have done a step in their present attempt, None without one.
    """
    runs = dict.fromkeys(RunState, 0)
    counted = select(Run.state, func.count(), func.sum(Run.attempt)).group_by(Run.state)
    attempts = 0
    for state, count, started in session.execute(counted):
        runs[RunState(state)] = count
        attempts += int(started)
    alive = live_workers(session, now, lease_seconds)
    running = list(session.scalars(select(Run).where(Run.state == RunState.RUNNING)))
    queued = session.scalar(select(func.min(Run.submitted_at)).where(Run.state == RunState.QUEUED))
    beats = [run.heartbeat_at for run in running if run.heartbeat_at is not None]
    paces = map(seconds_per_step, running)
    return Overview(
        runs=runs,
        attempts=attempts,
        oldest_queued=_age(queued, now),
        oldest_heartbeat=_age(min(beats, default=None), now),
        seconds_per_step=_mean([pace for pace in paces if pace is not None]),
        workers=len(alive),
        cuda_workers=sum(1 for worker in alive if worker.cuda_devices),
        slots=sum(worker.slots for worker in alive),
    )


def _age(then: datetime | None, now: datetime) -> float:
    return max((now - then).total_seconds(), 0.0) if then else 0.0


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
