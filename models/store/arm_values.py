"""The metric that decides, of an experiment's succeeded runs by arm and seed, for its verdicts."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from models.comparison.collapse.plateau_level import NEAR_ONE, all_alike, is_collapsed
from models.comparison.inputs import ArmValues
from models.specs.experiment import ExperimentSpec
from models.states import RunState
from models.store.metrics.lines import zero_shot_of
from models.store.metrics.rows import final_metrics
from models.store.metrics.untrained import apart, untrained_means
from models.store.tables import Evaluation, Run
from models.store.tuning.plan import Settled, settled

_ByArm = Mapping[str, Mapping[int, float]]
"""Arm -> seed -> value."""
_Starts = Mapping[str, tuple[float | None, float | None]]


def arm_values(session: Session, experiment_id: str, spec: ExperimentSpec) -> dict[str, ArmValues]:
    """Every arm of the experiment by name; without values where no run of it has the metric."""
    return arm_values_of(session, {experiment_id: spec})[experiment_id]


def arm_values_of(
    session: Session, specs: Mapping[str, ExperimentSpec]
) -> dict[str, dict[str, ArmValues]]:
    """As `arm_values`, for each of these experiments; for a metric of the test in one query."""
    values: dict[str, _ByArm] = {}
    for metric in {spec.decision.metric for spec in specs.values()}:
        ids = [one for one, spec in specs.items() if spec.decision.metric == metric]
        values |= _values(session, ids, metric)
    as_chosen = settled(session, specs)
    collapsed = _collapsed(session, as_chosen)
    starts = _starts(session, specs)
    return {
        one: {
            arm.name: ArmValues(
                arm.name,
                values[one].get(arm.name, {}),
                collapsed.get((one, arm.name), frozenset()),
                own.tuned[arm.name],
                own.held,
                *starts[one][arm.name],
                specs[one].starts_pretrained(arm.name),
            )
            for arm in specs[one].arms
        }
        for one, own in as_chosen.items()
    }


def _starts(session: Session, specs: Mapping[str, ExperimentSpec]) -> dict[str, _Starts]:
    """Experiment -> arm -> the metric that decides: untrained, and zero-shot."""
    metrics = {spec.decision.metric for spec in specs.values()}
    means, of_vectors = untrained_means(session, specs, metrics), zero_shot_of(session, specs)
    found: dict[str, _Starts] = {}
    for one, spec in specs.items():
        metric = spec.decision.metric
        pretrained = [arm.name for arm in spec.arms if spec.starts_pretrained(arm.name)]
        untrained, zero_shot = apart(means[one], pretrained, of_vectors.get(one, {}))
        found[one] = {
            arm.name: (untrained[metric].get(arm.name), zero_shot.get(arm.name, {}).get(metric))
            for arm in spec.arms
        }
    return found


def _values(session: Session, ids: Collection[str], metric: str) -> dict[str, _ByArm]:
    split, _, name = metric.partition(".")
    if split == "test":
        return _tested(session, ids, name)
    return {experiment_id: _final(session, experiment_id, metric) for experiment_id in ids}


def _tested(session: Session, ids: Collection[str], name: str) -> dict[str, _ByArm]:
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


def _final(session: Session, experiment_id: str, metric: str) -> _ByArm:
    """A metric of the validation is that of the weights which were kept."""
    values: defaultdict[str, dict[int, float]] = defaultdict(dict)
    metrics = final_metrics(session, experiment_id)
    for run in session.scalars(_succeeded_of(experiment_id)):
        if metric in metrics[run.id]:
            values[run.arm][run.seed] = metrics[run.id][metric]
    return dict(values)


def _collapsed(
    session: Session, as_chosen: Mapping[str, Settled]
) -> dict[tuple[str, str], frozenset[int]]:
    """(Experiment, arm) -> seeds of runs that ended collapsed, where there are any.

    One query finds the experiments with test pairs that are all alike to a run, which are few; only
    of those are the losses read.
    """
    columns = Evaluation.__table__.c
    positive, negative = columns.positive_mean, columns.negative_mean
    query = (
        select(Run.experiment_id, positive, negative)
        .join(Evaluation, and_(Evaluation.run_id == Run.id, Evaluation.split == "test"))
        .where(Run.experiment_id.in_(as_chosen), Run.state == RunState.SUCCEEDED)
        # nearly all rows stay where they are; what is null says nothing, so the other one tells
        .where(func.coalesce(positive, negative) >= NEAR_ONE)
        .where(func.coalesce(negative, positive) >= NEAR_ONE)
    )
    suspects = {one for one, *similarities in session.execute(query) if all_alike(*similarities)}
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for one in suspects:
        metrics = final_metrics(session, one)
        losses = as_chosen[one].collapsed_loss
        for run in session.scalars(_succeeded_of(one)):
            if is_collapsed(metrics[run.id], losses[run.arm]):
                found[one, run.arm].add(run.seed)
    return {place: frozenset(seeds) for place, seeds in found.items()}


def _succeeded_of(experiment_id: str) -> Select[Run]:
    own = (Run.experiment_id == experiment_id, ~Run.tuning)
    return select(Run).where(*own, Run.state == RunState.SUCCEEDED)
