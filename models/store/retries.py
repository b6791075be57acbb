"""A person queues again what has failed or was cancelled: the one way out of an ended state.

Workers and reapers never do this, so `states.ALLOWED`, which binds them, has no such move; it has
an event of its own, `retried`. The run begins a new life: no faults, no wish to cancel, no time
used up. Its attempt's number goes on growing, so whoever still holds an old attempt stays shut
out.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from models.errors import Conflict
from models.states import RETRIABLE, RunState
from models.store import events
from models.store.experiments import runs_of
from models.store.interim_looks import plan_again
from models.store.run_life.runs import remove_metrics_after
from models.store.run_life.transitions import change_state, fresh
from models.store.tables import Run


def retry(session: Session, run_id: str, now: datetime, *, anew: bool = False) -> bool:
    """Queue a failed or cancelled run again; whether that was needed.

    It goes on from its last good checkpoint where there is one, or begins `anew`. A run that is
    queued or running already is left as it is. Raises `NotFound`, and `Conflict` for one that
    succeeded, or that is about to end since it was cancelled.
    """
    events.locked_experiment(session, run_id)
    row = fresh(session, run_id)
    state = RunState(row.state)
    if state == RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} succeeded; the same again is what 'reproduce' does")
    if _is_ending(row):
        raise Conflict(f"run {run_id} is being cancelled; retry it when it has ended")
    if state not in RETRIABLE:
        return False
    _queue(session, row, state, now, anew)
    return True


def _queue(session: Session, row: Run, state: RunState, now: datetime, anew: bool) -> None:
    if anew:
        remove_metrics_after(session, row.id, 0)
    change_state(
        session,
        row.id,
        state,
        RunState.QUEUED,
        kind="retried",
        message="from the start" if anew else "from its last checkpoint, where there is one",
        now=now,
        anew=anew or row.anew,  # a wish to begin anew holds until an attempt has heeded it
        step=0 if anew else row.step,
        started_step=0,
        faults=0,
        not_before=None,
        problem=None,
        reason=None,
        cancel_requested=False,
        worker_id=None,
        heartbeat_at=None,
        finished_at=None,
        trained_seconds=0.0,
        submitted_at=now,
    )


def _is_ending(row: Run) -> bool:
    return row.state == RunState.RUNNING and row.cancel_requested


def retriable(session: Session, experiment_id: str) -> list[Run]:
    """The runs of an experiment that `retry` would queue again, in order."""
    return [run for run in runs_of(session, experiment_id) if run.state in RETRIABLE]


def retry_all(
    session: Session, experiment_id: str, now: datetime, *, anew: bool = False
) -> list[Run]:
    """Queue every failed and cancelled run of an experiment again; those that were.

    A plan of looks that a cancellation dropped is planned again: its runs are there again too.
    Raises `Conflict` while some are about to end since they were cancelled.
    """
    plan_again(session, experiment_id)
    ending = [one.id for one in runs_of(session, experiment_id) if _is_ending(one)]
    if ending:
        raise Conflict(f"{len(ending)} of its runs are being cancelled; retry when they have ended")
    found = retriable(session, experiment_id)
    for run in found:
        retry(session, run.id, now, anew=anew)
    return [fresh(session, run.id) for run in found]
