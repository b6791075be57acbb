"""Cancelling an experiment: what it still plans is dropped, and runs that have not ended end."""

from sqlalchemy.orm import Session

from api.access.callers import Caller
from models.store import clock, experiments
from models.store.interim_looks import drop_looks
from models.store.run_life.cancelling import cancel_runs
from models.store.tuning.plan import drop_tuning


def cancel(session: Session, experiment_id: str, caller: Caller) -> None:
    """Cancel its queued runs at once, and tell the running ones to stop. Idempotent.

    Raises `NotFound`.
    """
    experiments.experiment(session, experiment_id)
    now = clock.now(session)
    drop_looks(session, experiment_id, now)
    drop_tuning(session, experiment_id)
    cancel_runs(session, experiment_id, now)
    caller.record(session, "cancelled", experiment_id, now)
