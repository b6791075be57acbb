"""How fast a run trains: one definition for the time that is left and for what a monitor shows."""

from models.states import RunState
from models.store.tables import Run


def seconds_per_step(run: Run) -> float | None:
    """Return seconds a step in the present attempt of a running run, its start included.

    Measured up to the last heartbeat, which comes with the last stored step. None for a run that
    is not running, and before the first step of its attempt.
    """
    done = run.step - run.started_step
    if run.state != RunState.RUNNING or done < 1:
        return None
    if run.started_at is None or run.heartbeat_at is None:
        return None
    return (run.heartbeat_at - run.started_at).total_seconds() / done
