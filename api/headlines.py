"""Experiments in a list: where each stands, and what its arms came to, without the whole answer.

The verdicts are those of the results document (a test holds the two together), but the document's
bootstraps are left out: a list of two hundred experiments has to come at once.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.arm_runs import pairs_of_arms, rule_of
from api.looks import look_views
from api.progress import share_done
from api.views import ExperimentSummary, VerdictView
from models.comparison import Asked, verdicts
from models.experiments import Listed, runs_of, steps_done
from models.looks import looks_of, verdicts_of, with_looks_left
from models.metrics import final_metrics
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.states import TERMINAL, RunState, experiment_state
from models.tables import Experiment

Values = Mapping[str, Mapping[int, float]]
"""The deciding figure of the runs that succeeded: arm -> seed -> value."""


def summaries(session: Session, listed: Sequence[Listed]) -> list[ExperimentSummary]:
    """One summary for each, in the same order."""
    ids = [row.id for row, _ in listed]
    looking, done = with_looks_left(session, ids), steps_done(session, ids)
    return [
        _summary(session, row, counts, done[row.id], row.id in looking) for row, counts in listed
    ]


def _summary(
    session: Session,
    row: Experiment,
    counts: dict[RunState, int],
    done: tuple[int, int],
    looking: bool,
) -> ExperimentSummary:
    spec = parse_spec(row.spec)
    state = experiment_state(counts, look_left=looking)
    plan = look_views(looks_of(session, row.id)) if looking else []
    return ExperimentSummary(
        id=row.id,
        name=row.name,
        state=state,
        dataset=spec.dataset,
        created_at=row.created_at,
        runs=counts,
        arms=[arm.name for arm in spec.arms],
        progress=share_done(*done, plan),
        metric=spec.decision.metric,
        verdicts=_verdicts(session, row.id, spec, state),
        owner=row.owner,
    )


def _verdicts(
    session: Session, experiment_id: str, spec: ExperimentSpec, state: RunState
) -> list[VerdictView]:
    if spec.until_decided is not None:  # nobody but its looks may judge it
        said = {one.arm: one for one in verdicts_of(session, experiment_id)}
        return [
            VerdictView(
                a=arm,
                b=spec.decision.baseline,
                verdict=one.verdict,
                mean_difference=one.mean_difference,
            )
            for arm, one in said.items()
        ]
    if state not in TERMINAL:
        return []
    return _judged(spec, _values(session, experiment_id, spec))


def _judged(spec: ExperimentSpec, values: Values) -> list[VerdictView]:
    rule, pairs = rule_of(spec.decision), pairs_of_arms(spec)
    family = [
        Asked(values[a], values[b], a, b, rule.metric, rule.equivalence_margin, rule.confidence)
        for a, b in pairs
    ]
    return [
        VerdictView(a=a, b=b, verdict=verdict, mean_difference=mean)
        for (a, b), (mean, verdict) in zip(pairs, verdicts(family), strict=True)
        if b == spec.decision.baseline
    ]


def _values(session: Session, experiment_id: str, spec: ExperimentSpec) -> Values:
    metrics, metric = final_metrics(session, experiment_id), spec.decision.metric
    values: dict[str, dict[int, float]] = {arm.name: {} for arm in spec.arms}
    for run in runs_of(session, experiment_id):
        if run.state == RunState.SUCCEEDED and metric in metrics[run.id]:
            values[run.arm][run.seed] = metrics[run.id][metric]
    return values
