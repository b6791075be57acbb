"""What networks measured before their first step: written once a run, read as means of an arm.

A run measures it just before its first evaluation, and again where it was killed before that was
stored: the same values, since they follow from the spec and the seed.

These rows have a table of their own, beside that of the evaluations: they are lines to hold a
result against, while an evaluation decides which weights are kept, when a run ends, and when it
left the plateau.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.metrics import RESULT_METRICS
from models.store.metrics.lines import ZeroShot
from models.store.metrics.rows import EvaluationRow
from models.store.tables import Base, Run, Untrained

_UNTRAINED = Base.metadata.tables[Untrained.__tablename__]

ByArm = Mapping[str, float]
"""Arm -> mean over its runs."""
ByMetric = Mapping[str, ByArm]


def replace(session: Session, run_id: str, rows: Sequence[EvaluationRow]) -> None:
    """Write what a run measured on each of these splits; nothing without rows.

    The caller first calls `runs.advance` in the same transaction, as for all metrics.
    """
    if not rows:
        return
    session.execute(delete(Untrained).where(Untrained.run_id == run_id))
    values = [{"run_id": run_id, **vars(row)} for row in rows]
    session.execute(insert(Untrained), [_without_step(one) for one in values])


def _without_step(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name != "step"}


def untrained_means(
    session: Session, ids: Collection[str], metrics: Collection[str]
) -> dict[str, ByMetric]:
    """For each of these experiments: metric (`test.accuracy`, …) -> arm -> mean over its runs.

    Runs that only serve to choose a setting are not measured. An arm is left out until a run of it
    has come to its first evaluation, or where its runs began before there was this table.
    """
    found: dict[str, ByMetric] = {one: {metric: {} for metric in metrics} for one in ids}
    for split in sorted({metric.partition(".")[0] for metric in metrics}):
        own = [metric for metric in metrics if metric.partition(".")[0] == split]
        for experiment_id, by_metric in _means(session, ids, split, own).items():
            found[experiment_id] = {**found[experiment_id], **by_metric}
    return found


def _means(
    session: Session, ids: Collection[str], split: str, metrics: Sequence[str]
) -> dict[str, ByMetric]:
    columns = [_UNTRAINED.c[metric.partition(".")[2]] for metric in metrics]
    query = (
        select(Run.experiment_id, Run.arm, *columns)
        .join(Untrained, Untrained.run_id == Run.id)
        .where(Run.experiment_id.in_(ids), Untrained.split == split)
        .order_by(Run.position)
    )
    values: dict[str, dict[str, defaultdict[str, list[float]]]] = {}
    for experiment_id, arm, *numbers in session.execute(query):
        own = values.setdefault(experiment_id, {one: defaultdict(list) for one in metrics})
        for metric, number in zip(metrics, numbers, strict=True):
            if number is not None:
                own[metric][arm].append(number)
    return {
        experiment_id: {
            metric: {arm: fmean(one) for arm, one in by_arm.items()}
            for metric, by_arm in own.items()
        }
        for experiment_id, own in values.items()
    }


def apart(
    measured: ByMetric, pretrained: Collection[str], of_vectors: ZeroShot
) -> tuple[ByMetric, ZeroShot]:
    """What arms measured before their first step, without those that are `pretrained`; and what
    their models measured then, beside what the token vectors of other arms measure."""
    untrained = {
        metric: {arm: value for arm, value in by_arm.items() if arm not in pretrained}
        for metric, by_arm in measured.items()
    }
    of_models = {
        arm: {metric: by_arm[arm] for metric, by_arm in measured.items() if arm in by_arm}
        for arm in pretrained
    }
    return untrained, {**of_vectors, **of_models}


def untrained_of_runs(session: Session, experiment_id: str) -> dict[str, dict[str, float]]:
    """What each run of the experiment measured: `test.accuracy`, …; only those that have it."""
    query = (
        select(_UNTRAINED)
        .join(Run, Run.id == _UNTRAINED.c.run_id)
        .where(Run.experiment_id == experiment_id)
    )
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in session.execute(query).mappings():
        for name in RESULT_METRICS:
            if row[name] is not None:
                found[row["run_id"]][f"{row['split']}.{name}"] = row[name]
    return dict(found)
