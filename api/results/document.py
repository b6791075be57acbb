"""From the rows of an experiment to its results document."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.experiments.progress import state_of
from api.results.arm_runs import Metrics, arm_runs
from api.results.interim_verdicts import LookedAt
from api.results.views import ArmResult, Baselines, Curve, Results, RunResult, WaitingTimes
from api.runs.progress import problem_of
from models.comparison.arm_runs import Sides
from models.comparison.families import (
    SECONDARY,
    Rule,
    compare_arms,
    compare_on,
    pairs_of_arms,
    rule_of,
)
from models.comparison.schema import Comparison, Role
from models.specs.experiment import Arm, ExperimentSpec
from models.specs.parse import parse_spec
from models.states import TERMINAL, RunState
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import Series, curves, final_metrics, kept_steps
from models.store.tables import Run


def results_document(
    session: Session, experiment_id: str, service: Service, target_loss: float | None = None
) -> Results:
    """The document as of now; `target_loss` (a batch's loss of the baseline) adds a waiting time.

    Raises `NotFound` when there is no such experiment.
    """
    row = experiment(session, experiment_id)
    spec = parse_spec(row.spec)
    runs = runs_of(session, experiment_id)
    metrics = final_metrics(session, experiment_id)
    series = curves(session, experiment_id)
    kept = kept_steps(session, experiment_id)
    looked = LookedAt(session, experiment_id, spec)
    state = state_of(runs, looked.plan)
    arms = [
        ArmResult(
            name=arm.name,
            runs=[
                _run_result(run, metrics[run.id], _curve(series[run.id], spec, arm), kept)
                for run in runs
                if run.arm == arm.name
            ],
        )
        for arm in spec.arms
    ]
    return Results(
        experiment=row.id,
        name=row.name,
        state=state,
        complete=state in TERMINAL,
        spec=row.spec,
        test_pairs=row.test_pairs,
        left_out_pairs=row.left_out_pairs,
        baselines=Baselines(majority=row.baseline_majority, collapsed=row.baseline_collapsed),
        arms=arms,
        comparisons=_comparisons(spec, runs, metrics, service, looked),
        waiting_times=_waiting_times(session, experiment_id, spec, runs, target_loss),
        plan=looked.plan,
    )


def _run_result(
    run: Run, metrics: Mapping[str, float], curve: Curve, kept: Mapping[str, int]
) -> RunResult:
    return RunResult(
        id=run.id,
        seed=run.seed,
        state=RunState(run.state),
        step=run.step,
        attempts=run.attempt,
        reason=run.reason,
        problem=problem_of(run),
        stopped_early=run.state == RunState.SUCCEEDED and run.step < run.steps,
        kept_step=kept.get(run.id),
        metrics=dict(metrics),
        curve=curve,
        weights_sha256=run.weights_sha256,
        provenance=run.provenance,
    )


def _curve(series: Series, spec: ExperimentSpec, arm: Arm) -> Curve:
    rows = spec.for_arm(arm.name).batch_size if arm.loss.reduction == "sum" else 1
    train, validation = series["train.loss"], series["validation.loss"]
    return Curve(
        step=series["step"],
        train_loss=train,
        validation_loss=validation,
        train_loss_per_row=[loss / rows for loss in train],
        validation_loss_per_row=[None if loss is None else loss / rows for loss in validation],
    )


def _comparisons(
    spec: ExperimentSpec,
    runs: Sequence[Run],
    metrics: Metrics,
    service: Service,
    looked: LookedAt,
) -> list[Comparison]:
    arms = {arm.name: arm_runs(arm, runs, metrics, service) for arm in spec.arms}
    sides = [(arms[a], arms[b]) for a, b in pairs_of_arms(spec)]
    rule, expected = rule_of(spec.decision), len(spec.seeds.values())
    if not looked.plan:
        return compare_arms(sides, rule, expected_pairs=expected)
    return _planned_comparisons(sides, rule, expected, looked)


def _planned_comparisons(
    sides: Sides, rule: Rule, expected: int, looked: LookedAt
) -> list[Comparison]:
    """Each by itself, at the level of its look: the plan has shared out the error already."""
    others = [metric for metric in SECONDARY if metric != rule.metric]
    kinds: list[tuple[Role, list[str]]] = [("primary", [rule.metric]), ("secondary", others)]
    return [
        looked.judged(found)
        for role, metrics in kinds
        for a, b in sides
        for metric in metrics
        for found in compare_on(
            [(a, b)],
            [metric],
            replace(rule, confidence=looked.confidence(a.name, b.name)),
            role,
            expected,
        )
    ]


def _waiting_times(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    runs: Sequence[Run],
    target_loss: float | None,
) -> WaitingTimes:
    # scipy.stats takes a second to import, which starting the API need not wait for
    from api.results.time_to_event import waiting_times

    return waiting_times(session, experiment_id, spec, runs, target_loss)
