"""Cancelling all runs of an experiment, in as many statements for a thousand runs as for one.

`runs.request_cancel` does the same for a single run, and leaves the same rows and events.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, update
from sqlalchemy.orm import Session

from models.states import RunState
from models.store import events
from models.store.run_life.log_lines import add_line_to_begun
from models.store.run_life.runs import BEFORE_IT_STARTED
from models.store.tables import Run
from models.store.webhooks.deliveries import note_end

Changed = Sequence[tuple[str, int]]


def cancel_runs(session: Session, experiment_id: str, now: datetime) -> None:
    """Cancel the queued runs at once, flag the running ones, leave the ended ones. Idempotent.

    The caller holds the experiment's row, as after `interim_looks.drop_looks`, so that no worker
    changes a run of it meanwhile, and ids of events appear in the order of commits.
    """
    own = update(Run).where(Run.experiment_id == experiment_id)
    ended = {"state": RunState.CANCELLED, "finished_at": now, "reason": BEFORE_IT_STARTED}
    queued = own.where(Run.state == RunState.QUEUED)
    cancelled = _changed(session, queued, cancel_requested=True, **ended)
    just_now = (Run.state == RunState.CANCELLED, Run.finished_at == now)
    add_line_to_begun(session, experiment_id, just_now, BEFORE_IT_STARTED, now)
    events.record_of_runs(
        session,
        experiment_id=experiment_id,
        runs=cancelled,
        kind="state",
        from_state=RunState.QUEUED,
        to_state=RunState.CANCELLED,
        message=BEFORE_IT_STARTED,
        now=now,
    )
    running = own.where(Run.state == RunState.RUNNING, ~Run.cancel_requested)
    events.record_of_runs(
        session,
        experiment_id=experiment_id,
        runs=_changed(session, running, cancel_requested=True),
        kind="cancel_requested",
        now=now,
    )
    note_end(session, experiment_id, now)


def _changed(session: Session, change: Update, **values: Any) -> Changed:
    """The runs that the statement changed, in order of ids, with their attempts."""
    returned = change.values(values).returning(Run.id, Run.attempt)
    rows = session.execute(returned, execution_options={"synchronize_session": False})
    return sorted((run_id, attempt) for run_id, attempt in rows)
