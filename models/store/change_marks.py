"""Change marks of experiments: while a mark stays the same, nothing has happened to the runs.

They are cheap: one query covers many experiments, and only those whose mark has changed need to be
read again.
"""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.tables import Run

ChangeMark = tuple[tuple[object, ...], ...]


def change_marks(session: Session, experiment_ids: Collection[str]) -> dict[str, ChangeMark]:
    """The mark of each of these experiments; one that was deleted has none.

    A mark has sums over the runs in each state. Every heartbeat and every record of a worker
    changes it, and so do a claim, a request to cancel and a change of state, with which problems
    and looks come.
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
    marks: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
    for experiment_id, *rest in session.execute(query):
        marks[experiment_id].append(tuple(rest))
    return {experiment_id: tuple(rows) for experiment_id, rows in marks.items()}
