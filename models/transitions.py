"""How a run changes its state: one conditional UPDATE and one event row, whoever asks.

`runs` (what workers and people do) and `reaping` (what happens to the lost) are built on this.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from models import events
from models.conditional import changed as changed
from models.deliveries import note_end
from models.errors import NotFound
from models.states import ALLOWED, TERMINAL, RunState
from models.tables import Run


def fresh(session: Session, run_id: str) -> Run:
    """The run as the database has it now. Raises `NotFound`."""
    row = session.get(Run, run_id, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no run '{run_id}'")
    return row


def move(
    session: Session,
    run_id: str,
    start: RunState,
    to: RunState,
    *,
    where: Sequence[ColumnElement[bool]] = (),
    message: str | None = None,
    now: datetime,
    **values: Any,
) -> Run | None:
    """The one way to change a state: from `start` to `to` if `where` holds; else None.

    Raises `NotFound`, and `ValueError` for a move that `states.ALLOWED` does not have.
    """
    if to not in ALLOWED[start]:
        raise ValueError(f"a run never moves from {start} to {to}")
    experiment_id = events.locked_experiment(session, run_id)
    change = update(Run).where(Run.id == run_id, Run.state == start, *where)
    if not changed(session, change.values(state=to, **values)):
        return None
    after = fresh(session, run_id)
    events.record(
        session,
        experiment_id=experiment_id,
        run_id=run_id,
        kind="state",
        from_state=start,
        to_state=to,
        attempt=after.attempt,
        message=message,
        now=now,
    )
    if to in TERMINAL:
        note_end(session, experiment_id, now)
    return after


def release(
    session: Session,
    run_id: str,
    *,
    where: Sequence[ColumnElement[bool]],
    reason: str,
    now: datetime,
) -> Run | None:
    """Running to queued if `where` holds, or to cancelled when that was asked for; else None."""
    queued = move(
        session,
        run_id,
        RunState.RUNNING,
        RunState.QUEUED,
        where=(*where, Run.cancel_requested.is_(False)),
        message=reason,
        now=now,
        reason=reason,
        worker_id=None,
        heartbeat_at=None,
    )
    return queued or move(
        session,
        run_id,
        RunState.RUNNING,
        RunState.CANCELLED,
        where=(*where, Run.cancel_requested.is_(True)),
        message=reason,
        now=now,
        reason=reason,
        finished_at=now,
    )
