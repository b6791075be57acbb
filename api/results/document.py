"""The results document of an experiment, from its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.experiments.progress import state_of
from api.results.comparability import Metrics, arms_of
from api.results.effects import factorial_results
from api.results.interim_verdicts import InterimVerdicts
from api.results.noise import noise_results
from api.results.tuning_results import tuning_view
from api.results.views import ArmResult, Baselines, Curve, Results, RunResult, TimeToEventView
from api.runs.progress import problem_of
from models.comparison.families import (
    SECONDARY,
    Family,
    compare_runs,
    declared_rule,
    family_on,
    pairs_of_arms,
)
from models.comparison.inputs import ArmPair
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison, Role
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.specs.tuned_arms import for_run
from models.states import TERMINAL, RunState
from models.store.experiment_states import stored_state
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import Series, curves, final_metrics, kept_steps
from models.store.tables import Run
from models.store.tuning.plan import Settled, settled, tuning_of


def results_document(
    session: Session, experiment_id: str, service: Service, target_loss: float | None = None
) -> Results:
    """Return the results as of now.

    `target_loss`, in the loss of the baseline on a batch, adds the steps until it is reached.
    Raises `NotFound` when there is no such experiment.
    """
    row = experiment(session, experiment_id)
    spec = stored_spec(row.spec, row.id)
    own = settled(session, {row.id: spec})[row.id]
    everything = runs_of(session, experiment_id)
    runs = [run for run in everything if not run.tuning]
    metrics = final_metrics(session, experiment_id)
    series = curves(session, experiment_id)
    kept = kept_steps(session, experiment_id)
    interim = InterimVerdicts(session, experiment_id, spec)
    tuned = tuning_of(session, experiment_id)
    state = state_of(everything, interim.plan, tuned)
    arms = [
        ArmResult(
            name=arm.name,
            runs=[
                _run_result(run, metrics[run.id], _curve(series[run.id], spec, run), kept)
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
        comparisons=_comparisons(spec, own, runs, metrics, service, interim, row.chance),
        **noise_results(spec, arms_of(spec, own, runs, metrics, None), row.chance),
        **factorial_results(spec, own, runs, metrics, interim, row.chance),
        waiting_times=_time_to_event(session, experiment_id, spec, own, runs, target_loss),
        plan=interim.plan,
        tuning=None if tuned is None else tuning_view(session, spec, tuned, everything),
    )


def _run_result(
    run: Run, metrics: Mapping[str, float], curve: Curve, kept: Mapping[str, int]
) -> RunResult:
    return RunResult(
        id=run.id,
        seed=run.seed,
        setting=run.setting,
        state=stored_state(run),
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


def _curve(series: Series, spec: ExperimentSpec, run: Run) -> Curve:
    own = for_run(spec, run.arm, run.setting).for_arm(run.arm)
    rows = own.batch_size if own.arm(run.arm).loss.reduction == "sum" else 1
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
    own: Settled,
    runs: Sequence[Run],
    metrics: Metrics,
    service: Service,
    interim: InterimVerdicts,
    chance: Mapping[str, float],
) -> list[Comparison]:
    if not spec.compares_arms:
        return []
    arms = arms_of(spec, own, runs, metrics, service)
    pairs = [(arms[a], arms[b]) for a, b in pairs_of_arms(spec)]
    rule, expected = declared_rule(spec.decision), len(spec.seeds.values())
    others = [metric for metric in SECONDARY if metric != rule.metric]
    if interim.plan:
        return _planned_comparisons(pairs, rule, others, expected, interim, chance)
    primary = family_on(pairs, [rule.metric], rule, "primary", expected, chance)
    secondary = family_on(pairs, others, rule, "secondary", expected, chance)
    return compare_runs([primary, secondary])


def _planned_comparisons(
    arms: list[ArmPair],
    rule: DecisionRule,
    others: list[str],
    expected: int,
    interim: InterimVerdicts,
    chance: Mapping[str, float],
) -> list[Comparison]:
    """Compare each pair alone, at the level of its look: the plan has divided the error already."""
    kinds: list[tuple[Role, list[str]]] = [("primary", [rule.metric]), ("secondary", others)]
    alone: list[Family] = []
    for role, metrics in kinds:
        for a, b in arms:
            own = replace(rule, confidence=interim.confidence(a.name, b.name))
            every = family_on([(a, b)], metrics, own, role, expected, chance)
            alone += [[one] for one in every]
    return [interim.judged(comparison) for comparison in compare_runs(alone)]


def _time_to_event(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    own: Settled,
    runs: Sequence[Run],
    target_loss: float | None,
) -> TimeToEventView:
    # scipy.stats takes a second to import, which starting the API need not wait for
    from api.results.time_to_event import time_to_event

    losses = own.collapsed_loss
    return time_to_event(session, experiment_id, spec, losses, runs, target_loss)
