"""Recovery: runs whose worker has stopped sending heartbeats, and runs whose message was lost.

Any number of reapers may call these functions at once: a change is one conditional UPDATE, fenced
by the attempt and by the heartbeat that was read, so a worker that sends a heartbeat in time keeps
its run.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import Session

from models.retry_policy import RetryPolicy
from models.states import RunState
from models.store.run_life.run_problems import PREFIX, RunProblem
from models.store.run_life.transitions import after_fault
from models.store.tables import Run


def take_back_lost(
    session: Session, *, now: datetime, lease_seconds: float, policy: RetryPolicy
) -> list[str]:
    """Take back the running runs whose heartbeat is older than the lease; the ids of those changed.

    Each counts as a fault of the machine (see `transitions.after_fault`).
    """
    silent_since = now - timedelta(seconds=lease_seconds)
    query = (
        select(Run)
        .where(Run.state == RunState.RUNNING, Run.heartbeat_at < silent_since)
        # the same order for all reapers, so that two never wait for each other's rows
        .order_by(Run.experiment_id, Run.id)
    )
    taken = []
    for lost in session.scalars(query).all():
        fence = (Run.attempt == lost.attempt, Run.heartbeat_at < silent_since)
        problem = _silence(lost)
        if after_fault(session, lost, where=fence, problem=problem, policy=policy, now=now):
            taken.append(lost.id)
    return taken


def _silence(lost: Run) -> RunProblem:
    return RunProblem(
        type=f"{PREFIX}worker-lost",
        title="Its worker fell silent",
        detail=f"attempt {lost.attempt} fell silent: its worker {lost.worker_id} died or was "
        f"cut off, after step {lost.step}",
        attempt=lost.attempt,
        step=lost.step,
        cause="The worker or its machine ended without a word, or was cut off from the database.",
        advice="Look at that machine: whether it runs, and whether its memory or its disk is full.",
    )


def retries_due(session: Session, now: datetime) -> list[Run]:
    """Queued runs that may be claimed again after a fault, and for which no message was sent since.

    The fault used up their message, so a new one is due now, not after `resubmit_seconds`.
    """
    over = (Run.not_before <= now, Run.submitted_at < Run.not_before)
    query = select(Run).where(Run.state == RunState.QUEUED, *over)
    return list(session.scalars(query.order_by(Run.experiment_id, Run.position)))


Needs = tuple[str, bool]
"""What a run needs of its worker: a device, and whether the extra `pretrained`."""


def count_due(session: Session, *, now: datetime, resubmit_seconds: float) -> dict[Needs, int]:
    """How many runs `due_for_submit` would find, by what they need."""
    query = select(Run.device, Run.pretrained, func.count()).where(*_due(now, resubmit_seconds))
    grouped = query.group_by(Run.device, Run.pretrained)
    return {(device, extra): count for device, extra, count in session.execute(grouped)}


def due_for_submit(
    session: Session,
    *,
    now: datetime,
    resubmit_seconds: float,
    needs: Collection[Needs] | None = None,
    limit: int | None = None,
) -> list[Run]:
    """Queued runs whose last message is older than `resubmit_seconds`, the oldest message first,
    then in order of queueing; for all needs, or for these. Runs that must not begin yet after a
    fault are left out."""
    query = (
        select(Run)
        .where(*_due(now, resubmit_seconds))
        .order_by(Run.submitted_at, Run.experiment_id, Run.position)
        .limit(limit)
    )
    if needs is not None:
        query = query.where(tuple_(Run.device, Run.pretrained).in_(list(needs)))
    return list(session.scalars(query))


def _due(now: datetime, resubmit_seconds: float) -> tuple[ColumnElement[bool], ...]:
    silent_since = now - timedelta(seconds=resubmit_seconds)
    may_begin = or_(Run.not_before.is_(None), Run.not_before <= now)
    return Run.state == RunState.QUEUED, Run.submitted_at < silent_since, may_begin
