"""One metric of an experiment's succeeded runs by arm and seed, for computing verdicts."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.comparison.inputs import ValuesByArm
from models.states import RunState
from models.store.metrics.rows import final_metrics
from models.store.tables import Evaluation, Run


def arm_values(session: Session, experiment_id: str, metric: str) -> ValuesByArm:
    """Arm -> seed -> value; an arm none of whose succeeded runs has the metric is left out."""
    return arm_values_of(session, [experiment_id], metric)[experiment_id]


def arm_values_of(session: Session, ids: Sequence[str], metric: str) -> dict[str, ValuesByArm]:
    """As `arm_values`, for each of these experiments; for a metric of the test in one query."""
    split, _, name = metric.partition(".")
    if split == "test":
        return _tested(session, ids, name)
    return {experiment_id: _final(session, experiment_id, metric) for experiment_id in ids}


def _tested(session: Session, ids: Sequence[str], name: str) -> dict[str, ValuesByArm]:
    value = Evaluation.__table__.c[name]
    query = (
        select(Run.experiment_id, Run.arm, Run.seed, value)
        .join(Evaluation, and_(Evaluation.run_id == Run.id, Evaluation.split == "test"))
        .where(Run.experiment_id.in_(ids), Run.state == RunState.SUCCEEDED, value.is_not(None))
    )
    values: dict[str, defaultdict[str, dict[int, float]]] = {one: defaultdict(dict) for one in ids}
    for experiment_id, arm, seed, number in session.execute(query):
        values[experiment_id][arm][seed] = number
    return {experiment_id: dict(by_arm) for experiment_id, by_arm in values.items()}


def _final(session: Session, experiment_id: str, metric: str) -> ValuesByArm:
    """A metric of the validation is that of the weights which were kept."""
    metrics = final_metrics(session, experiment_id)
    succeeded = (Run.experiment_id == experiment_id, Run.state == RunState.SUCCEEDED)
    values: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for run in session.scalars(select(Run).where(*succeeded)):
        if metric in metrics[run.id]:
            values[run.arm][run.seed] = metrics[run.id][metric]
    return dict(values)
