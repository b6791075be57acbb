"""Cheap marks of experiments: where a mark is the same, nothing has happened to the runs.

Whoever waits for many experiments asks once for all of them, and looks closely only at those whose
mark is another.
"""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.tables import Run

ChangeMark = tuple[tuple[object, ...], ...]


def change_marks(session: Session, experiment_ids: Collection[str]) -> dict[str, ChangeMark]:
    """The mark of each of these experiments; one that is gone has none.

    A mark says what the runs in each state add up to. Every beat and record of a worker moves it,
    and so do a claim, a wish to stop and a change of state; problems and looks come with one.
    """
    query = (
        select(
            Run.experiment_id,
            Run.state,
            func.count(),
            func.sum(Run.attempt),
            func.sum(Run.step),
            func.max(Run.heartbeat_at),
            func.count().filter(Run.cancel_requested),
        )
        .where(Run.experiment_id.in_(experiment_ids))
        .group_by(Run.experiment_id, Run.state)
        .order_by(Run.experiment_id, Run.state)
    )
    found: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
    for experiment_id, *rest in session.execute(query):
        found[experiment_id].append(tuple(rest))
    return {experiment_id: tuple(rows) for experiment_id, rows in found.items()}
