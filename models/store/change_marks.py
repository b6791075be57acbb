"""Change marks of experiments and predictions: while a mark stays the same, nothing has happened.

They are cheap: one query covers many experiments, and another one many predictions, whose texts it
does not touch. Only those whose mark has changed need to be read again.
"""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.metrics import EVALUATION_METRICS
from models.states import TERMINAL
from models.store.events import last_event
from models.store.experiment_states import current_state
from models.store.interim_looks import looks_of
from models.store.tables import Base, Evaluation, Experiment, Prediction, Run
from models.store.tuning.plan import tuning_of

_EVALUATIONS = Base.metadata.tables[Evaluation.__tablename__]

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


def ended_mark(session: Session, experiment_id: str) -> str | None:
    """A mark of all rows of an experiment that has ended; None while it goes on, or where there is
    none.

    Whatever may still come moves it: a retry, a look, a plan that is taken up again or dropped and
    all that follows have an event each. What is told of the experiment is in it too, and so are
    sums of the evaluations, which comparisons rest on, in case a person has changed them.
    """
    row = session.get(Experiment, experiment_id, populate_existing=True)
    if row is None or current_state(session, experiment_id)[0] not in TERMINAL:
        return None
    columns = {column.name: getattr(row, column.name) for column in Experiment.__table__.columns}
    parts = (
        columns,
        last_event(session, experiment_id),
        change_marks(session, [experiment_id]),
        [(look.number, look.state) for look in looks_of(session, experiment_id)],
        _state_of_tuning(session, experiment_id),
        _sums_of_evaluations(session, experiment_id),
    )
    return repr(parts)


def _state_of_tuning(session: Session, experiment_id: str) -> str | None:
    plan = tuning_of(session, experiment_id)
    return None if plan is None else plan.state


def _sums_of_evaluations(session: Session, experiment_id: str) -> list[str]:
    # by the position of the run, so that values which change places are seen
    weighted = [_EVALUATIONS.c[name] * (1 + Run.position) for name in EVALUATION_METRICS]
    query = (
        select(func.count(), *(func.sum(metric) for metric in weighted))
        .join_from(Evaluation, Run, Run.id == Evaluation.run_id)
        .where(Run.experiment_id == experiment_id)
    )
    # a server that adds in parallel may differ in the last digits
    return [f"{value or 0:.12g}" for value in session.execute(query).one()]
