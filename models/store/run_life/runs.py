"""All SQL of a run's life. Each change is one conditional UPDATE, and adds one event row.

That no row changed is a regular result: a claim of a run that is taken returns None, and a write
under an attempt that no longer holds the run raises `StaleAttempt`. **Every write of a worker is
fenced by its attempt number**: metrics are appended in the same transaction as `advance`, so that
those of a stale attempt are rolled back with it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, StaleAttempt
from models.retry_policy import RetryPolicy
from models.states import TERMINAL, RunState
from models.store import events
from models.store.database import changed
from models.store.run_life.run_problems import RunProblem
from models.store.run_life.transitions import after_fault, fresh, move, requeue_or_cancel
from models.store.tables import Evaluation, Run, Step

BEFORE_IT_STARTED = "cancelled before it started"


def run(session: Session, run_id: str) -> Run:
    """The run as the database has it now. Raises `NotFound`."""
    return fresh(session, run_id)


def refuse_tuning_run(row: Run) -> None:
    """Raises `Conflict` for a run that leaves neither a network nor test scores behind."""
    if row.tuning:
        raise Conflict(
            f"run {row.id} served to choose a setting: it is never tested, and its network is not "
            "kept"
        )


_AT_ONCE = 500  # ids in one query


def states_of(session: Session, ids: Sequence[str]) -> dict[str, RunState]:
    """The state of each of these runs that exists; there may be any number of ids."""
    states: dict[str, RunState] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = Run.id.in_(ids[start : start + _AT_ONCE])
        for run_id, state in session.execute(select(Run.id, Run.state).where(some)):
            states[run_id] = RunState(state)
    return states


def claim(
    session: Session,
    run_id: str,
    *,
    worker_id: str,
    cuda: bool,
    now: datetime,
    pretrained: bool = True,
) -> Run | None:
    """Claim a queued run as its next attempt; None when it cannot be claimed.

    A run that needs `cuda`, or the extra `pretrained`, is refused to a worker without it,
    and a run after a fault is refused to all until `not_before`.
    """
    due = or_(Run.not_before.is_(None), Run.not_before <= now)
    fits = [due]
    if not cuda:
        fits.append(Run.device != "cuda")
    if not pretrained:
        fits.append(~Run.pretrained)
    return move(
        session,
        run_id,
        RunState.QUEUED,
        RunState.RUNNING,
        where=fits,
        now=now,
        attempt=Run.attempt + 1,
        worker_id=worker_id,
        started_at=now,
        started_step=0,
        heartbeat_at=now,
        reason=None,
        not_before=None,
        problem=None,
    )


def heartbeat(session: Session, run_id: str, attempt: int, now: datetime) -> bool:
    """Store a heartbeat; True when cancelling was requested. Raises `StaleAttempt`."""
    _write(session, run_id, attempt, heartbeat_at=now)
    return run(session, run_id).cancel_requested


def is_cancel_requested(session: Session, run_id: str, attempt: int) -> bool:
    """Whether cancelling was requested; writes nothing. Raises `StaleAttempt`, and `NotFound`."""
    row = run(session, run_id)
    if row.state != RunState.RUNNING or row.attempt != attempt:
        raise _stale(run_id, attempt)
    return row.cancel_requested


def begin_from(session: Session, run_id: str, attempt: int, step: int, now: datetime) -> None:
    """The attempt resumes from a checkpoint after `step` (0: from the start).

    Metrics of later steps, and of the test, are removed: this attempt will write them again (the
    test is of the weights that are kept, which may be of an earlier step). Raises `StaleAttempt`.
    """
    values = {"step": step, "started_step": step, "heartbeat_at": now, "anew": False}
    _write(session, run_id, attempt, **values)
    remove_metrics_after(session, run_id, step)


def remove_metrics_after(session: Session, run_id: str, step: int) -> None:
    """Remove the metrics of steps above `step`, and of the test. The caller holds the run."""
    session.execute(delete(Step).where(Step.run_id == run_id, Step.step > step))
    again = or_(Evaluation.step > step, Evaluation.split == "test")
    session.execute(delete(Evaluation).where(Evaluation.run_id == run_id, again))


def advance(
    session: Session,
    run_id: str,
    attempt: int,
    step: int,
    now: datetime,
    *,
    trained_seconds: float | None = None,
) -> None:
    """Store that the attempt has done `step` steps; counts as a heartbeat. Raises `StaleAttempt`.

    `trained_seconds` is the whole training time of the run, earlier attempts included.
    """
    seconds = {} if trained_seconds is None else {"trained_seconds": trained_seconds}
    _write(session, run_id, attempt, step=step, heartbeat_at=now, **seconds)


def finish(
    session: Session,
    run_id: str,
    attempt: int,
    to: RunState,
    *,
    reason: str | None = None,
    problem: RunProblem | None = None,
    weights_sha256: str | None = None,
    provenance: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """End the run in a terminal state. Raises `StaleAttempt`, and `ValueError` for other states."""
    if to not in TERMINAL:
        raise ValueError(f"{to} is not a terminal state")
    ended = move(
        session,
        run_id,
        RunState.RUNNING,
        to,
        where=(Run.attempt == attempt,),
        message=reason,
        now=now,
        reason=reason,
        problem=problem and problem.model_dump(mode="json"),
        finished_at=now,
        weights_sha256=weights_sha256,
        provenance=provenance,
    )
    if ended is None:
        raise _stale(run_id, attempt)


def release(session: Session, run_id: str, attempt: int, *, reason: str, now: datetime) -> None:
    """Queue the run again because its worker stops; this is not a fault, so it may begin at once.

    Where cancelling was requested, the run is cancelled. Raises `StaleAttempt`.
    """
    if not requeue_or_cancel(
        session, run_id, where=(Run.attempt == attempt,), reason=reason, now=now
    ):
        raise _stale(run_id, attempt)


def fault(
    session: Session,
    run_id: str,
    attempt: int,
    *,
    problem: RunProblem,
    policy: RetryPolicy,
    now: datetime,
) -> RunState:
    """Store that a fault of the machine ended the attempt; the new state (see `after_fault`).

    Raises `StaleAttempt`.
    """
    row, where = run(session, run_id), (Run.attempt == attempt,)
    after = after_fault(session, row, where=where, problem=problem, policy=policy, now=now)
    if after is None:
        raise _stale(run_id, attempt)
    return RunState(after.state)


def request_cancel(session: Session, run_id: str, now: datetime) -> None:
    """Cancel a queued run at once, flag a running one, leave an ended one. Idempotent."""
    if move(
        session,
        run_id,
        RunState.QUEUED,
        RunState.CANCELLED,
        message=BEFORE_IT_STARTED,
        now=now,
        reason=BEFORE_IT_STARTED,
        cancel_requested=True,
        finished_at=now,
    ):
        return
    change = update(Run).where(
        Run.id == run_id, Run.state == RunState.RUNNING, ~Run.cancel_requested
    )
    if changed(session, change.values(cancel_requested=True)):
        row = run(session, run_id)
        events.record(
            session,
            experiment_id=row.experiment_id,
            run_id=run_id,
            kind="cancel_requested",
            attempt=row.attempt,
            now=now,
        )


def mark_submitted(session: Session, run_ids: Collection[str], now: datetime) -> None:
    """Store that a message was sent for each of these runs that is still queued.

    There is no event for it, since a long queue would write little else.
    """
    queued = update(Run).where(Run.id.in_(run_ids), Run.state == RunState.QUEUED)
    session.execute(
        queued.values(submitted_at=now), execution_options={"synchronize_session": False}
    )


def _write(session: Session, run_id: str, attempt: int, **values: Any) -> None:
    """Update a run that this attempt still holds. Raises `StaleAttempt` when it does not."""
    events.locked_experiment(session, run_id)
    held = update(Run).where(
        Run.id == run_id, Run.state == RunState.RUNNING, Run.attempt == attempt
    )
    if not changed(session, held.values(**values)):
        raise _stale(run_id, attempt)


def _stale(run_id: str, attempt: int) -> StaleAttempt:
    return StaleAttempt(f"attempt {attempt} no longer holds run {run_id}")
