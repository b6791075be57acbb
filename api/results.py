"""From the rows of an experiment to its results document."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from api.looks import LookedAt
from api.progress import state_of
from api.result_views import ArmResult, Baselines, Curve, Results, RunResult
from api.waiting_times import waiting_times
from models.comparison import Comparison, compare
from models.experiments import experiment, runs_of
from models.metrics import Series, curves, final_metrics, kept_steps
from models.specs.experiment import Arm, ExperimentSpec
from models.specs.parse import parse_spec
from models.states import TERMINAL, RunState
from models.tables import Run

Metrics = Mapping[str, Mapping[str, float]]


def results_document(
    session: Session, experiment_id: str, target_loss: float | None = None
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
        comparisons=list(_comparisons(spec, runs, metrics, looked)),
        waiting_times=waiting_times(session, experiment_id, spec, runs, target_loss),
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
    spec: ExperimentSpec, runs: Sequence[Run], metrics: Metrics, looked: LookedAt
) -> Iterator[Comparison]:
    decision = spec.decision
    for a, b in _pairs_of_arms(spec):
        found = compare(
            _values(a, runs, metrics, decision.metric),
            _values(b, runs, metrics, decision.metric),
            a_name=a,
            b_name=b,
            metric=decision.metric,
            equivalence_margin=decision.equivalence_margin,
            confidence=looked.confidence(a, b),
            expected_pairs=len(spec.seeds.values()),
        )
        yield looked.judged(found)


def _pairs_of_arms(spec: ExperimentSpec) -> Iterator[tuple[str, str]]:
    """Every arm against the baseline first, then the others in the order of the spec."""
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    yield from ((name, baseline) for name in others)
    for index, b in enumerate(others):
        yield from ((a, b) for a in others[index + 1 :])


def _values(arm: str, runs: Sequence[Run], metrics: Metrics, metric: str) -> dict[int, float]:
    """The deciding figure of each run that succeeded, by seed."""
    return {
        run.seed: metrics[run.id][metric]
        for run in runs
        if run.arm == arm and run.state == RunState.SUCCEEDED and metric in metrics[run.id]
    }
