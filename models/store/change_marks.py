"""Change marks of experiments and predictions: while a mark stays the same, nothing has happened.

They are cheap: one query covers many experiments, and another one many predictions, whose texts it
does not touch. Only those whose mark has changed need to be read again.
"""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.store.tables import Prediction, Run

ChangeMark = tuple[tuple[object, ...], ...]


def change_marks(session: Session, ids: Collection[str]) -> dict[str, ChangeMark]:
    """The mark of each of these experiments and predictions; what was deleted has none."""
    experiments = [one for one in ids if one.startswith("exp_")]
    predictions = [one for one in ids if one.startswith("prd_")]
    marks = _marks_of_experiments(session, experiments) if experiments else {}
    return {**marks, **_marks_of_predictions(session, predictions)} if predictions else marks


def _marks_of_predictions(session: Session, ids: Collection[str]) -> dict[str, ChangeMark]:
    """Whether there is an answer, or a reason why there is none."""
    query = select(Prediction.id, Prediction.answered_at).where(Prediction.id.in_(ids))
    return {one: ((answered_at,),) for one, answered_at in session.execute(query)}


def _marks_of_experiments(
    session: Session, experiment_ids: Collection[str]
) -> dict[str, ChangeMark]:
    """Sums over the runs in each state.

    Every heartbeat and every record of a worker changes them, and so do a claim, a request to
    cancel and a change of state, with which problems and looks come.
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
