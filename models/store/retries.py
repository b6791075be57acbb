"""Retries by a person of runs that failed or were cancelled: the only way out of a terminal state.

Workers and reapers never do this, so `states.ALLOWED`, which binds them, has no such move; the
event of a retry is `retried`. The run begins anew: no faults, no request to cancel, no time used
up. Its attempt number goes on growing, so that an old attempt that still runs stays fenced off.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.states import RETRIABLE, RunState
from models.store import events
from models.store.experiment_states import forgiven
from models.store.experiments import runs_of
from models.store.interim_looks import plan_again
from models.store.run_life.runs import remove_metrics_after
from models.store.run_life.transitions import change_state, fresh
from models.store.tables import Run
from models.store.tuning.plan import is_chosen_without, plan_tuning_again

RETRIED = "retried"
"""The kind of the event of a retry."""


def retry(session: Session, run_id: str, now: datetime, *, anew: bool = False) -> bool:
    """Queue a failed or cancelled run again; whether that was needed.

    It resumes from its last good checkpoint where there is one, or begins `anew`. A run that is
    queued or running is left as it is. Raises `NotFound`, and `Conflict` for a run that succeeded,
    that is about to end because it was cancelled, or that comes too late to choose a setting.
    """
    events.locked_experiment(session, run_id)
    row = fresh(session, run_id)
    state = RunState(row.state)
    if state == RunState.SUCCEEDED:
        raise Conflict(f"run {run_id} succeeded; to train it again, use 'reproduce'")
    if _is_ending(row):
        raise Conflict(f"run {run_id} is being cancelled; retry it when it has ended")
    if state not in RETRIABLE:
        return False
    if is_chosen_without(session, row):
        raise Conflict(f"run {run_id} tunes, and the settings have been chosen without it")
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
        kind=RETRIED,
        message="from the start" if anew else "from its last checkpoint, where there is one",
        now=now,
        anew=anew or row.anew,  # a request to begin anew holds until an attempt has done so
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
    query = select(Run).where(
        Run.experiment_id == experiment_id, Run.state.in_(RETRIABLE), ~forgiven()
    )
    return list(session.scalars(query.order_by(Run.position)))


def retry_all(
    session: Session, experiment_id: str, now: datetime, *, anew: bool = False
) -> list[Run]:
    """Queue every failed and cancelled run of an experiment again, and return these runs.

    A plan of looks or of tuning that a cancellation dropped is planned again, since its runs are
    queued again; so is a choice of settings that had nothing to choose from.
    Raises `Conflict` while some runs are about to end because they were cancelled.
    """
    plan_again(session, experiment_id)
    plan_tuning_again(session, experiment_id)
    ending = [one.id for one in runs_of(session, experiment_id) if _is_ending(one)]
    if ending:
        raise Conflict(f"{len(ending)} of its runs are being cancelled; retry when they have ended")
    runs = retriable(session, experiment_id)
    for run in runs:
        retry(session, run.id, now, anew=anew)
    return [fresh(session, run.id) for run in runs]
