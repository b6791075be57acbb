"""What was lost comes back: runs whose worker fell silent, and queued runs whose message got lost.

Both may be called by any number of reapers at once: a change is one conditional UPDATE, fenced by
the attempt and by the heartbeat that was seen, so a worker that speaks up in time keeps its run.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.states import RunState
from models.tables import Run
from models.transitions import move, release


def take_back_lost(
    session: Session, *, now: datetime, lease_seconds: float, max_attempts: int
) -> list[str]:
    """Running runs whose heartbeat is older than the lease; returns the ids of those changed.

    Each is queued again, or cancelled when that was asked for, or failed with a reason when it
    was started `max_attempts` times.
    """
    silent_since = now - timedelta(seconds=lease_seconds)
    query = (
        select(Run)
        .where(Run.state == RunState.RUNNING, Run.heartbeat_at < silent_since)
        # one order for all reapers, so that two never wait for each other's rows
        .order_by(Run.experiment_id, Run.id)
    )
    taken = []
    for lost in session.scalars(query).all():
        fence = (Run.attempt == lost.attempt, Run.heartbeat_at < silent_since)
        if _take_back(session, lost, fence, max_attempts, now):
            taken.append(lost.id)
    return taken


def _take_back(
    session: Session,
    lost: Run,
    fence: tuple[ColumnElement[bool], ...],
    max_attempts: int,
    now: datetime,
) -> Run | None:
    attempt = lost.attempt
    silence = f"attempt {attempt} fell silent: its worker {lost.worker_id} died or was cut off"
    if attempt < max_attempts or lost.cancel_requested:
        return release(session, lost.id, where=fence, reason=silence, now=now)
    reason = f"{silence}; given up after {attempt} attempts"
    return move(
        session,
        lost.id,
        RunState.RUNNING,
        RunState.FAILED,
        where=fence,
        message=reason,
        now=now,
        reason=reason,
        finished_at=now,
    )


def count_due(session: Session, *, now: datetime, resubmit_seconds: float) -> dict[str, int]:
    """How many runs `due_for_submit` would find, by the device that they ask for."""
    query = select(Run.device, func.count()).where(*_due(now, resubmit_seconds))
    return {device: count for device, count in session.execute(query.group_by(Run.device))}


def due_for_submit(
    session: Session,
    *,
    now: datetime,
    resubmit_seconds: float,
    devices: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Run]:
    """Queued runs whose last message is older than `resubmit_seconds`, the oldest message first,
    else in order of queueing; of all devices, or of those that ask for one of these."""
    query = (
        select(Run)
        .where(*_due(now, resubmit_seconds))
        .order_by(Run.submitted_at, Run.experiment_id, Run.position)
        .limit(limit)
    )
    if devices is not None:
        query = query.where(Run.device.in_(devices))
    return list(session.scalars(query))


def _due(now: datetime, resubmit_seconds: float) -> tuple[ColumnElement[bool], ...]:
    silent_since = now - timedelta(seconds=resubmit_seconds)
    return Run.state == RunState.QUEUED, Run.submitted_at < silent_since
