"""All SQL of the workers: what each has, whether it is alive, whether it still takes runs."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.states import RunState
from models.store.tables import Run, Worker


def register(
    session: Session,
    *,
    worker_id: str,
    host: str,
    pid: int,
    slots: int,
    cuda_devices: int,
    pretrained: bool = False,
    now: datetime,
) -> None:
    """Store a new worker; announcing the same id again replaces its row."""
    session.merge(
        Worker(
            id=worker_id,
            host=host,
            pid=pid,
            slots=slots,
            cuda_devices=cuda_devices,
            pretrained=pretrained,
            draining=False,
            started_at=now,
            heartbeat_at=now,
        )
    )
    session.flush()


def beat(session: Session, worker_id: str, now: datetime) -> None:
    """Store a heartbeat. Raises `NotFound` for a worker that was not announced, or has retired."""
    change = update(Worker).where(Worker.id == worker_id).values(heartbeat_at=now)
    result = session.execute(change)
    if isinstance(result, CursorResult) and result.rowcount == 0:
        raise NotFound(f"there is no worker '{worker_id}'")


def drain(session: Session, worker_id: str) -> None:
    """Let the worker take no new runs from now on; does nothing for one that has retired."""
    session.execute(update(Worker).where(Worker.id == worker_id).values(draining=True))


def is_draining(session: Session, worker_id: str) -> bool:
    """Whether `drain` was called for this worker; False for one that has retired."""
    return bool(session.scalar(select(Worker.draining).where(Worker.id == worker_id)))


def live_workers(session: Session, now: datetime, lease_seconds: float) -> list[Worker]:
    """Workers whose last heartbeat is at most `lease_seconds` old, oldest worker first."""
    alive = Worker.heartbeat_at >= now - timedelta(seconds=lease_seconds)
    query = select(Worker).where(alive).order_by(Worker.started_at, Worker.id)
    return list(session.scalars(query))


def retire(session: Session, worker_id: str) -> None:
    """Remove the row of a worker that ends in order."""
    session.execute(delete(Worker).where(Worker.id == worker_id))


def runs_held(session: Session, worker_id: str) -> list[Run]:
    """The runs that this worker's attempts hold, in the order of locks (see `reaping`)."""
    own = (Run.state == RunState.RUNNING, Run.worker_id == worker_id)
    return list(session.scalars(select(Run).where(*own).order_by(Run.experiment_id, Run.id)))


class Abilities(NamedTuple):
    """What a worker has that some runs need."""

    cuda: bool
    pretrained: bool


def abilities(session: Session, worker_id: str) -> Abilities:
    """What the worker announced that it has; nothing for one that has retired."""
    query = select(Worker.cuda_devices, Worker.pretrained).where(Worker.id == worker_id)
    row = session.execute(query).one_or_none()
    return Abilities(False, False) if row is None else Abilities(bool(row[0]), row[1])
