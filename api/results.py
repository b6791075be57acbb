"""From the rows of an experiment to its results document."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.arm_runs import Metrics, arm_runs, pairs_of_arms, rule_of
from api.progress import state_of
from api.result_views import ArmResult, Baselines, Curve, Results, RunResult
from models.evidence.families import compare_arms
from models.evidence.shapes import Comparison
from models.experiments import experiment, runs_of
from models.metrics import Series, curves, final_metrics
from models.settings import Settings
from models.specs.experiment import Arm, ExperimentSpec
from models.specs.parse import parse_spec
from models.states import TERMINAL, RunState
from models.tables import Run


def results_document(session: Session, experiment_id: str, settings: Settings) -> Results:
    """The document as of now. `NotFound` when there is no such experiment."""
    row = experiment(session, experiment_id)
    spec = parse_spec(row.spec)
    runs = runs_of(session, experiment_id)
    metrics = final_metrics(session, experiment_id)
    series = curves(session, experiment_id)
    arms = [
        ArmResult(
            name=arm.name,
            runs=[
                _run_result(run, metrics[run.id], _curve(series[run.id], spec, arm))
                for run in runs
                if run.arm == arm.name
            ],
        )
        for arm in spec.arms
    ]
    return Results(
        experiment=row.id,
        name=row.name,
        state=state_of(runs),
        complete=all(run.state in TERMINAL for run in runs),
        spec=row.spec,
        test_pairs=row.test_pairs,
        baselines=Baselines(majority=row.baseline_majority, collapsed=row.baseline_collapsed),
        arms=arms,
        comparisons=_comparisons(spec, runs, metrics, settings),
    )


def _run_result(run: Run, metrics: Mapping[str, float], curve: Curve) -> RunResult:
    return RunResult(
        id=run.id,
        seed=run.seed,
        state=RunState(run.state),
        step=run.step,
        attempts=run.attempt,
        reason=run.reason,
        metrics=dict(metrics),
        curve=curve,
        weights_sha256=run.weights_sha256,
        provenance=run.provenance,
    )


def _curve(series: Series, spec: ExperimentSpec, arm: Arm) -> Curve:
    rows = spec.batch_size if arm.loss.reduction == "sum" else 1
    train, validation = series["train.loss"], series["validation.loss"]
    return Curve(
        step=series["step"],
        train_loss=train,
        validation_loss=validation,
        train_loss_per_row=[loss / rows for loss in train],
        validation_loss_per_row=[None if loss is None else loss / rows for loss in validation],
    )


def _comparisons(
    spec: ExperimentSpec, runs: Sequence[Run], metrics: Metrics, settings: Settings
) -> list[Comparison]:
    arms = {arm.name: arm_runs(arm, runs, metrics, settings) for arm in spec.arms}
    return compare_arms(
        [(arms[a], arms[b]) for a, b in pairs_of_arms(spec)],
        rule_of(spec.decision),
        expected_pairs=len(spec.seeds.values()),
    )
