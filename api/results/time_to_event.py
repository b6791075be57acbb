"""The time-to-event part of the results document, from the rows of an experiment.

Runs that did not succeed have no time, and are counted. A run in progress could be censored at its
last step, but it may still fail; and a failed run stopped because of its loss, so that censoring it
would bias the curve. Leaving both out keeps to the runs that the accuracies are compared on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from api.results.event_endpoints import (
    Endpoint,
    Evaluations,
    RunTime,
    baseline_points,
    first_on_plateau,
    plateau_on_evaluations,
    plateau_on_steps,
    target_on_evaluations,
)
from api.results.views import (
    ArmTimesView,
    EndpointView,
    MatchedLoss,
    RunTimeView,
    TimeToEventComparisonView,
    TimeToEventView,
)
from models.abandonment import while_wanted
from models.comparison.collapse.plateau_level import plateau_level
from models.comparison.families import arms_against_baseline
from models.specs.decision import DecisionSpec
from models.specs.experiment import ExperimentSpec
from models.states import TERMINAL, RunState
from models.store.metrics.loss_series import first_steps_alike, steps_above, validation_losses
from models.store.tables import Run
from models.survival.compare import TwoArms, compare_times
from models.survival.kaplan_meier import (
    common_horizon,
    median_time,
    restricted_mean,
    survival_curve,
)
from models.survival.matched_loss import TwoSeries, compare_at_matched_loss
from models.survival.sentences import arm_sentence, comparison_sentence
from models.survival.target_loss import Point

RunsByArm = dict[str, list[Run]]
TimesByArm = dict[str, list[RunTime]]


def time_to_event(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    collapsed_losses: Mapping[str, float | None],
    runs: Sequence[Run],
    target_loss: float | None,
) -> TimeToEventView:
    """Return every endpoint as of now; `target_loss` is in the baseline's loss on a batch.

    `collapsed_losses` has, by arm, the loss per row of its plateau under the settings that its runs
    have; the yardstick of a target loss is the baseline's loss as the spec has it.
    """
    evaluations = validation_losses(session, experiment_id)
    succeeded = [run for run in runs if run.state == RunState.SUCCEEDED]
    by_arm = {arm: plateau_level(loss) for arm, loss in collapsed_losses.items()}
    levels = {name: level for name, level in by_arm.items() if level is not None}
    endpoints = []
    if levels:
        above = steps_above(session, experiment_id, levels)
        alike = first_steps_alike(session, experiment_id, levels)
        first = first_on_plateau(succeeded, evaluations, alike, levels)
        endpoints.append(plateau_on_evaluations(spec, succeeded, evaluations, first, levels))
        endpoints.append(plateau_on_steps(succeeded, above, first, levels))
    if target_loss is not None:
        endpoints.append(target_on_evaluations(spec, succeeded, evaluations, target_loss))
    of_arms: RunsByArm = {arm.name: [] for arm in spec.arms}
    for run in runs:
        of_arms.setdefault(run.arm, []).append(run)
    return TimeToEventView(
        times=[_endpoint_view(endpoint, spec, of_arms) for endpoint in endpoints],
        matched_loss=_matched_loss(spec, of_arms, evaluations),
    )


def _endpoint_view(endpoint: Endpoint, spec: ExperimentSpec, runs: RunsByArm) -> EndpointView:
    horizon = common_horizon([one.time for one in endpoint.times])
    times: TimesByArm = {arm.name: [] for arm in spec.arms}
    for one in endpoint.times:
        times.setdefault(one.run.arm, []).append(one)
    return EndpointView(
        kind=endpoint.kind,
        measured_on=endpoint.measured_on,
        about=endpoint.about,
        target_loss=endpoint.target_loss,
        target_loss_per_row=endpoint.target_loss_per_row,
        horizon=horizon,
        arms=[
            _arm(endpoint, times[arm.name], arm.name, spec, runs, horizon)
            for arm in while_wanted(spec.arms)
        ],
        comparisons=_comparisons(endpoint, times, spec, runs, horizon),
    )


def _arm(
    endpoint: Endpoint,
    own: Sequence[RunTime],
    arm: str,
    spec: ExperimentSpec,
    runs: RunsByArm,
    horizon: int | None,
) -> ArmTimesView:
    times = [one.time for one in own]
    others = Counter(RunState(run.state) for run in runs[arm])
    del others[RunState.SUCCEEDED]
    never_on = sum(run.arm == arm for run in endpoint.never_on)
    curve = survival_curve(times) if times else None
    median = median_time(curve) if curve else None
    mean = restricted_mean(times, horizon, spec.decision.confidence) if times and horizon else None
    return ArmTimesView(
        arm=arm,
        plateau_level=endpoint.levels.get(arm),
        runs=[
            RunTimeView(
                id=one.run.id,
                seed=one.run.seed,
                step=one.time.step,
                reached=one.time.reached,
                relapses=one.stay.relapses if one.stay else None,
                on_plateau_at_end=one.stay.on_plateau_at_end if one.stay else None,
            )
            for one in own
        ],
        censored=sum(not time.reached for time in times),
        left_out=dict(others),
        never_on_plateau=never_on,
        curve=curve,
        median=median,
        restricted_mean=mean,
        sentence=arm_sentence(arm, endpoint.verb, times, median, mean, never_on),
    )


def _comparisons(
    endpoint: Endpoint,
    times: TimesByArm,
    spec: ExperimentSpec,
    runs: RunsByArm,
    horizon: int | None,
) -> list[TimeToEventComparisonView]:
    baseline, confidence = spec.decision.baseline, spec.decision.confidence
    comparable = {arm.name for arm in spec.arms}
    if endpoint.kind == "leave_plateau":
        comparable &= endpoint.levels.keys()
    if baseline not in comparable:
        return []
    by_seed = {arm: {one.run.seed: one.time for one in own} for arm, own in times.items()}
    b = by_seed[baseline]
    names = [name for name in arms_against_baseline(spec) if name in comparable]
    every = [
        TwoArms(name, baseline, by_seed[name], b, _awaited(runs, name, baseline)) for name in names
    ]
    compared = compare_times(every, horizon=horizon, confidence=confidence)
    return [
        TimeToEventComparisonView(
            **dict(one), sentence=comparison_sentence(one, endpoint.verb, arms.a, arms.b)
        )
        for one, arms in zip(compared, every, strict=True)
    ]


def _awaited(runs: RunsByArm, *arms: str) -> int:
    """How many seeds have a run of these arms that has not ended."""
    own = (run for arm in arms for run in runs[arm])
    return len({run.seed for run in own if run.state not in TERMINAL})


def _matched_loss(spec: ExperimentSpec, runs: RunsByArm, evaluations: Evaluations) -> MatchedLoss:
    baseline = spec.decision.baseline
    about = (
        "Validation accuracy of each arm at its first evaluation at or below the lowest loss that "
        f"both arms reached under that seed. The yardstick of both is the loss of {baseline}, the "
        "baseline, on the same validation batches. Test accuracy exists only after the last step."
    )

    def points(arm: str) -> dict[int, list[Point]]:
        here = (run for run in runs[arm] if run.id in evaluations)
        return {run.seed: baseline_points(evaluations[run.id]) for run in here}

    names = arms_against_baseline(spec)
    b = points(baseline)
    comparisons = compare_at_matched_loss(
        [
            TwoSeries(name, baseline, points(name), b, _awaited(runs, name, baseline))
            for name in names
        ],
        equivalence_margin=_accuracy_margin(spec.decision),
        confidence=spec.decision.confidence,
        expected_pairs=len(spec.seeds.values()),
    )
    return MatchedLoss(about=about, comparisons=comparisons)


def _accuracy_margin(decision: DecisionSpec) -> float:
    """Return the declared margin where the metric is an accuracy; a loss has another unit."""
    if decision.metric.endswith(".accuracy"):
        return decision.equivalence_margin
    return DecisionSpec().equivalence_margin
