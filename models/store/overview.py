"""An overview of the service for monitoring: queue lengths and ages, workers, speed.

A few aggregates over the runs that have *not* ended and one count over all runs, so that reading it
every few seconds costs little, however many runs there have been.
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
    """Counts, and ages in seconds; an age is 0 where there is no such run."""

    runs: dict[RunState, int]
    attempts: int
    oldest_queued: float
    oldest_heartbeat: float
    seconds_per_step: float | None
    workers: int
    cuda_workers: int
    slots: int


def overview(session: Session, now: datetime, lease_seconds: float) -> Overview:
    """The state of the service at `now`.

    `oldest_queued` is the time since the message of a queued run was last sent; `attempts` counts
    the starts of all existing runs; `seconds_per_step` is the mean over the running runs that
    have done a step in their present attempt, None without one.
    """
    runs = dict.fromkeys(RunState, 0)
    counted = select(Run.state, func.count(), func.sum(Run.attempt)).group_by(Run.state)
    attempts = 0
    for state, count, started in session.execute(counted):
        if state in runs:  # another version may know more
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
