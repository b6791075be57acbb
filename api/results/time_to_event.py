"""From the rows of an experiment to its waiting times, as a part of the results document.

Runs that did not succeed have none, and are counted. A run that goes on could be censored where it
stands, but it may still fail; and one that failed stopped because of its loss, so that censoring it
would bias the curve. Leaving both out keeps to the runs that the accuracies are compared on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from api.results.endpoints import (
    Evaluations,
    Question,
    baseline_points,
    plateau_on_evaluations,
    plateau_on_steps,
    target_on_evaluations,
)
from api.results.views import (
    ArmWaits,
    MatchedLoss,
    RunWaitView,
    WaitComparisonView,
    WaitingTime,
    WaitingTimes,
)
from models.specs.experiment import DecisionSpec, ExperimentSpec
from models.states import RunState
from models.store.metrics.loss_series import steps_above, validation_losses
from models.store.tables import Run
from models.survival.compare import compare_times
from models.survival.kaplan_meier import (
    common_horizon,
    median_time,
    restricted_mean,
    survival_curve,
)
from models.survival.matched_loss import MatchedAccuracy, compare_at_matched_loss
from models.survival.plateau import plateau_level
from models.survival.schema import TimeToEvent
from models.survival.sentences import arm_sentence, comparison_sentence
from models.survival.target_loss import Point


def waiting_times(
    session: Session,
    experiment_id: str,
    spec: ExperimentSpec,
    runs: Sequence[Run],
    target_loss: float | None,
) -> WaitingTimes:
    """Every waiting time as of now; `target_loss` is in the baseline's loss of a batch."""
    evaluations = validation_losses(session, experiment_id)
    succeeded = [run for run in runs if run.state == RunState.SUCCEEDED]
    found = {arm.name: plateau_level(arm.loss.collapsed_loss_per_row) for arm in spec.arms}
    levels = {name: level for name, level in found.items() if level is not None}
    questions = []
    if levels:
        above = steps_above(session, experiment_id, levels)
        questions.append(plateau_on_evaluations(spec, succeeded, evaluations, levels))
        questions.append(plateau_on_steps(succeeded, above, levels))
    if target_loss is not None:
        questions.append(target_on_evaluations(spec, succeeded, evaluations, target_loss))
    return WaitingTimes(
        times=[_answer(question, spec, runs) for question in questions],
        matched_loss=_matched_loss(spec, succeeded, evaluations),
    )


def _answer(question: Question, spec: ExperimentSpec, runs: Sequence[Run]) -> WaitingTime:
    horizon = common_horizon([one.wait for one in question.waits])
    return WaitingTime(
        kind=question.kind,
        measured_on=question.measured_on,
        about=question.about,
        target_loss=question.target_loss,
        target_loss_per_row=question.target_loss_per_row,
        horizon=horizon,
        arms=[_arm(question, arm.name, spec, runs, horizon) for arm in spec.arms],
        comparisons=list(_comparisons(question, spec, horizon)),
    )


def _arm(
    question: Question, arm: str, spec: ExperimentSpec, runs: Sequence[Run], horizon: int | None
) -> ArmWaits:
    here = [one for one in question.waits if one.run.arm == arm]
    waits = [one.wait for one in here]
    others = Counter(RunState(run.state) for run in runs if run.arm == arm)
    del others[RunState.SUCCEEDED]
    curve = survival_curve(waits) if waits else None
    median = median_time(curve) if curve else None
    mean = restricted_mean(waits, horizon, spec.decision.confidence) if waits and horizon else None
    return ArmWaits(
        arm=arm,
        plateau_level=question.levels.get(arm),
        runs=[
            RunWaitView(
                id=one.run.id,
                seed=one.run.seed,
                step=one.wait.step,
                reached=one.wait.reached,
                relapses=one.stay.relapses if one.stay else None,
                on_plateau_at_end=one.stay.on_plateau_at_end if one.stay else None,
            )
            for one in here
        ],
        censored=sum(not wait.reached for wait in waits),
        left_out=dict(others),
        curve=curve,
        median=median,
        restricted_mean=mean,
        sentence=arm_sentence(arm, question.verb, waits, median, mean),
    )


def _comparisons(
    question: Question, spec: ExperimentSpec, horizon: int | None
) -> Iterator[WaitComparisonView]:
    baseline = spec.decision.baseline
    comparable = {arm.name for arm in spec.arms}
    if question.kind == "leave_plateau":
        comparable &= question.levels.keys()
    if baseline not in comparable:
        return
    b = _by_seed(question, baseline)
    for name in (arm.name for arm in spec.arms if arm.name in comparable - {baseline}):
        a = _by_seed(question, name)
        found = compare_times(
            a,
            b,
            a_name=name,
            b_name=baseline,
            horizon=horizon,
            confidence=spec.decision.confidence,
        )
        sentence = comparison_sentence(found, question.verb, a, b)
        yield WaitComparisonView(**dict(found), sentence=sentence)


def _by_seed(question: Question, arm: str) -> dict[int, TimeToEvent]:
    return {one.run.seed: one.wait for one in question.waits if one.run.arm == arm}


def _matched_loss(
    spec: ExperimentSpec, runs: Sequence[Run], evaluations: Evaluations
) -> MatchedLoss:
    baseline = spec.decision.baseline
    about = (
        "Validation accuracy of each arm at its first evaluation at or below the lowest loss that "
        f"both arms reached under that seed. The yardstick of both is the loss of {baseline}, the "
        "baseline, on the same validation batches. Test accuracy exists only after the last step."
    )

    def points(arm: str) -> dict[int, list[Point]]:
        here = (run for run in runs if run.arm == arm and run.id in evaluations)
        return {run.seed: baseline_points(evaluations[run.id]) for run in here}

    def against_baseline(name: str) -> MatchedAccuracy:
        return compare_at_matched_loss(
            points(name),
            points(baseline),
            a_name=name,
            b_name=baseline,
            equivalence_margin=_accuracy_margin(spec.decision),
            confidence=spec.decision.confidence,
            expected_pairs=len(spec.seeds.values()),
        )

    names = [arm.name for arm in spec.arms if arm.name != baseline]
    return MatchedLoss(about=about, comparisons=[against_baseline(name) for name in names])


def _accuracy_margin(decision: DecisionSpec) -> float:
    """The declared margin where it is one of an accuracy; a margin of a loss has another unit."""
    if decision.metric.endswith(".accuracy"):
        return decision.equivalence_margin
    return DecisionSpec().equivalence_margin
