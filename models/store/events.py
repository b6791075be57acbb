"""The events of an experiment, in order, which the event stream reads.

**Event ids of one experiment appear in the order of commits.** A writer of an event first takes the
row lock of its experiment (`locked_experiment`), so an id is assigned and committed before the next
one is assigned. A reader that resumes after an id therefore never misses an event.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from models.errors import NotFound
from models.states import RunState
from models.store.tables import Event, Experiment, Run


def locked_experiment(session: Session, run_id: str) -> str:
    """Lock the row of the run's experiment until the transaction ends, and return its id.

    Every writer of a run takes this lock first and only then touches the run: one order of locks
    for all, so that no two of them wait for each other. Raises `NotFound`.
    """
    owner = select(Run.experiment_id).where(Run.id == run_id).scalar_subquery()
    # "no key": rows that refer to the experiment may still be added meanwhile
    experiment_id = session.scalar(
        select(Experiment.id).where(Experiment.id == owner).with_for_update(key_share=True)
    )
    if experiment_id is None:
        raise NotFound(f"there is no run '{run_id}'")
    return experiment_id


def record(
    session: Session,
    *,
    experiment_id: str,
    kind: str,
    now: datetime,
    run_id: str | None = None,
    from_state: RunState | None = None,
    to_state: RunState | None = None,
    attempt: int | None = None,
    message: str | None = None,
) -> None:
    """Add an event. The caller holds the lock of the experiment's row, or has just inserted it."""
    session.add(
        Event(
            experiment_id=experiment_id,
            run_id=run_id,
            at=now,
            kind=kind,
            from_state=from_state,
            to_state=to_state,
            attempt=attempt,
            message=message,
        )
    )


def record_of_runs(
    session: Session,
    *,
    experiment_id: str,
    runs: Sequence[tuple[str, int]],
    kind: str,
    now: datetime,
    from_state: RunState | None = None,
    to_state: RunState | None = None,
    message: str | None = None,
) -> None:
    """As `record`, for the same event of many runs, each with its attempt, in one statement."""
    same = {
        "experiment_id": experiment_id,
        "at": now,
        "kind": kind,
        "from_state": from_state,
        "to_state": to_state,
        "message": message,
    }
    rows = [{**same, "run_id": run_id, "attempt": attempt} for run_id, attempt in runs]
    if rows:
        session.execute(insert(Event), rows)


def record_queued(session: Session, experiment_id: str, first: int, now: datetime) -> None:
    """As `record_of_runs` for the runs from this position on, which were just queued: the database
    makes the events from its rows of runs, so none of them is sent to it."""
    columns = ("experiment_id", "run_id", "at", "kind", "to_state", "attempt")
    at = literal(now, Event.at.type)
    new = (
        select(Run.experiment_id, Run.id, at, literal("state"), Run.state, Run.attempt)
        .where(Run.experiment_id == experiment_id, Run.position >= first)
        .order_by(Run.position)
    )
    session.execute(insert(Event).from_select(columns, new))


def events_after(session: Session, experiment_id: str, after_id: int, limit: int) -> list[Event]:
    """At most `limit` events of an experiment with an id above `after_id`, oldest first."""
    query = (
        select(Event)
        .where(Event.experiment_id == experiment_id, Event.id > after_id)
        .order_by(Event.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def last_event(session: Session, experiment_id: str) -> int:
    """The id of the newest event of an experiment; 0 without one."""
    newest = select(func.max(Event.id)).where(Event.experiment_id == experiment_id)
    return session.scalar(newest) or 0
