"""Adding runs to an experiment: when it is created, and after a look that did not decide."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.specs.experiment import ExperimentSpec
from models.states import RunState
from models.store import events
from models.store.ids import new_id
from models.store.tables import Base, Run


def add_runs(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    seeds: Sequence[int],
    now: datetime,
) -> list[str]:
    """Queue every arm under these seeds, after the existing runs, each with an event; their ids.

    Seed by seed, all arms of a seed together, so that the runs that have ended are mostly pairs.
    """
    existing = select(func.count()).where(Run.experiment_id == experiment_id)
    first = session.scalar(existing) or 0
    wanted = [(seed, arm.name) for seed in seeds for arm in spec.arms]
    steps = {arm.name: spec.for_arm(arm.name).steps for arm in spec.arms}
    rows = [
        {
            "id": new_id("run"),
            "experiment_id": experiment_id,
            "position": position,
            "arm": arm,
            "seed": seed,
            "device": spec.device,
            "state": RunState.QUEUED,
            "steps": steps[arm],
            "submitted_at": now,
        }
        for position, (seed, arm) in enumerate(wanted, start=first)
    ]
    # Not as objects: the ORM would read back what it did not set, in one statement for all these
    # rows, which takes psycopg 30 ms for 200 of them.
    session.execute(insert(Base.metadata.tables[Run.__tablename__]), rows)
    events.record_queued(session, experiment_id, first, now)
    return [str(row["id"]) for row in rows]
