"""What an experiment's runs are waited for: one question for each kind of waiting time.

A question holds its definition in words and the wait of every run that succeeded, which are the
`runs` of all functions here; the figures that answer it are the same for all kinds
(`waiting_times.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.results.views import Kind, MeasuredOn
from models.specs.experiment import ExperimentSpec
from models.store.metrics.loss_series import ValidationLosses
from models.store.tables import Run
from models.survival.plateau import (
    EVALUATIONS,
    LEFT_BELOW,
    STEPS,
    PlateauStay,
    plateau_stay,
    stretches_of_checks,
    stretches_of_steps,
)
from models.survival.schema import TimeToEvent
from models.survival.sentences import LEAVE_PLATEAU, REACH_TARGET, EventVerb
from models.survival.target_loss import Point, time_to_loss

Evaluations = Mapping[str, Sequence[ValidationLosses]]  # by run id
Levels = Mapping[str, float]  # by arm


@dataclass(frozen=True, slots=True)
class RunWait:
    """A run with its wait, and its stay on the plateau where that is what it waits for."""

    run: Run
    wait: TimeToEvent
    stay: PlateauStay | None = None


@dataclass(frozen=True, slots=True)
class Question:
    kind: Kind
    measured_on: MeasuredOn
    about: str
    verb: EventVerb
    waits: tuple[RunWait, ...]
    levels: Levels
    target_loss: float | None = None
    target_loss_per_row: float | None = None


def plateau_on_evaluations(
    spec: ExperimentSpec, runs: Sequence[Run], evaluations: Evaluations, levels: Levels
) -> Question:
    """When the validation loss left the plateau; arms without a level have no plateau."""

    def waits() -> Iterator[RunWait]:
        for run in runs:
            rows = [(one.step, one.loss_per_row) for one in evaluations.get(run.id, ())]
            checks = [(step, loss) for step, loss in rows if loss is not None]
            if run.arm not in levels or not checks:
                continue
            stay = plateau_stay(stretches_of_checks(checks, levels[run.arm]), EVALUATIONS)
            yield RunWait(run, TimeToEvent(stay.step, stay.left, checks[-1][0]), stay)

    about = (
        f"Steps to the first of {EVALUATIONS.leave} validation evaluations in a row (one every "
        f"{spec.evaluate_every} steps) whose loss per row, in the arm's own loss, is below "
        f"{LEFT_BELOW * 100:g} % of what it is when all similarities are the same. A relapse is an "
        "evaluation at or above that level after it was left. A run that never left is censored "
        "at its last evaluation."
    )
    return Question(
        "leave_plateau", "validation", about, LEAVE_PLATEAU, tuple(waits()), dict(levels)
    )


def plateau_on_steps(
    runs: Sequence[Run], above: Mapping[str, Sequence[int]], levels: Levels
) -> Question:
    """When the training loss left the plateau, to the step; `above` is by run id."""

    def waits() -> Iterator[RunWait]:
        for run in runs:
            if run.arm in levels:
                stretches = stretches_of_steps(above.get(run.id, ()), last=run.step)
                stay = plateau_stay(stretches, STEPS)
                yield RunWait(run, TimeToEvent(stay.step, stay.left, run.step), stay)

    about = (
        f"Steps to the first of {STEPS.leave} training steps in a row whose batch has a loss per "
        f"row, in the arm's own loss, below {LEFT_BELOW * 100:g} % of what it is when all "
        f"similarities are the same. A relapse is {STEPS.relapse} steps in a row at or above that "
        "level after it was left. A run that never left is censored at its last step."
    )
    return Question("leave_plateau", "training", about, LEAVE_PLATEAU, tuple(waits()), dict(levels))


def target_on_evaluations(
    spec: ExperimentSpec, runs: Sequence[Run], evaluations: Evaluations, target: float
) -> Question:
    """When the validation loss, in the baseline's loss, reached the target."""

    def waits() -> Iterator[RunWait]:
        for run in runs:
            wait = time_to_loss(baseline_points(evaluations.get(run.id, ())), target)
            if wait is not None:
                yield RunWait(run, wait)

    summed = spec.baseline.loss.reduction == "sum"
    per_row = target / spec.batch_size if summed else target
    unit = f"summed over a batch of {spec.batch_size} rows" if summed else "the mean over the rows"
    about = (
        f"Steps to the first validation evaluation (one every {spec.evaluate_every} steps) at or "
        f"below a loss of {target:g} ({per_row:.4g} a row). The yardstick of every arm is the loss "
        f"of {spec.baseline.name}, the baseline, on the same validation batches, {unit}; not the "
        "arm's own loss. A run that never reached it is censored at its last evaluation."
    )
    return Question(
        "reach_target_loss",
        "validation",
        about,
        REACH_TARGET,
        tuple(waits()),
        {},
        target_loss=target,
        target_loss_per_row=per_row,
    )


def baseline_points(evaluations: Sequence[ValidationLosses]) -> list[Point]:
    """The evaluations measured with the one yardstick, the baseline's loss."""
    return [
        Point(one.step, one.baseline_loss, one.accuracy)
        for one in evaluations
        if one.baseline_loss is not None
    ]
