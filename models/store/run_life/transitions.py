"""Changes of a run's state: one conditional UPDATE and one event row.

`runs` (what workers and people do), `reaping` (the recovery of lost runs) and `retries` use them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.retry_policy import RetryPolicy
from models.states import ALLOWED, TERMINAL, RunState
from models.store import events
from models.store.database import changed
from models.store.run_life.log_lines import LogLevel, add_line
from models.store.run_life.run_problems import RunProblem
from models.store.tables import Run
from models.store.webhooks.deliveries import note_end


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
    """Change the state from `start` to `to` if `where` holds; None where it does not.

    Raises `NotFound`, and `ValueError` for a move that is not in `states.ALLOWED`.
    """
    if to not in ALLOWED[start]:
        raise ValueError(f"a run never moves from {start} to {to}")
    return change_state(session, run_id, start, to, where=where, message=message, now=now, **values)


def change_state(
    session: Session,
    run_id: str,
    start: RunState,
    to: RunState,
    *,
    kind: str = "state",
    where: Sequence[ColumnElement[bool]] = (),
    message: str | None = None,
    now: datetime,
    **values: Any,
) -> Run | None:
    """The only UPDATE of a state, its event of this kind, and a line in the log of a run that has
    been begun; the caller has checked the move."""
    experiment_id = events.locked_experiment(session, run_id)
    change = update(Run).where(Run.id == run_id, Run.state == start, *where)
    if not changed(session, change.values(state=to, **values)):
        return None
    after = fresh(session, run_id)
    events.record(
        session,
        experiment_id=experiment_id,
        run_id=run_id,
        kind=kind,
        from_state=start,
        to_state=to,
        attempt=after.attempt,
        message=message,
        now=now,
    )
    if after.attempt and to != RunState.RUNNING:  # its own process says more of how it begins
        _log(session, after, message, now)
    if to in TERMINAL:
        note_end(session, experiment_id, now)
    return after


_IN_WORDS = {
    RunState.QUEUED: "queued again",
    RunState.SUCCEEDED: "succeeded",
    RunState.FAILED: "failed",
    RunState.CANCELLED: "cancelled",
}


def _log(session: Session, run: Run, message: str | None, now: datetime) -> None:
    """Write to the run's log that it has come to this state."""
    state = RunState(run.state)
    level = LogLevel.ERROR if state == RunState.FAILED else LogLevel.INFO
    if state == RunState.QUEUED and run.problem is not None:
        level = LogLevel.WARNING
    words = _IN_WORDS[state]
    if message:  # that of a cancellation says the word itself
        words = message if message.startswith(words) else f"{words}: {message}"
    add_line(session, run.id, words, attempt=run.attempt, step=run.step, now=now, level=level)


def requeue_or_cancel(
    session: Session,
    run_id: str,
    *,
    where: Sequence[ColumnElement[bool]],
    reason: str,
    now: datetime,
    **when_queued: Any,
) -> Run | None:
    """Queue a running run again, or cancel it where that was requested; None unless `where` holds.

    `when_queued` are further values for a run that is queued again.
    """
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
        **when_queued,
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


def after_fault(
    session: Session,
    run: Run,
    *,
    where: Sequence[ColumnElement[bool]],
    problem: RunProblem,
    policy: RetryPolicy,
    now: datetime,
) -> Run | None:
    """Move a running run on after a fault of the machine; None unless `where` still holds.

    The run is queued again, to begin after a pause; or it fails, after its last attempt; or it is
    cancelled, where that was requested.
    """
    faults = run.faults + 1  # changes only at the end of an attempt, and `where` fences
    if policy.gives_up(faults):
        reason = problem.sentence(f"; given up after {faults} attempts that went wrong")
        failed = move(
            session,
            run.id,
            RunState.RUNNING,
            RunState.FAILED,
            where=(*where, Run.cancel_requested.is_(False)),
            message=reason,
            now=now,
            reason=reason,
            finished_at=now,
            faults=faults,
            problem=problem.model_dump(mode="json"),
        )
        if failed is not None:
            return failed
    return requeue_or_cancel(
        session,
        run.id,
        where=where,
        reason=problem.sentence(),
        now=now,
        faults=faults,
        not_before=now + timedelta(seconds=policy.pause(faults)),
        problem=problem.model_dump(mode="json"),
    )
