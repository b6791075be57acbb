"""The endpoints of the time-to-event analysis: the events whose times are measured in each run.

An endpoint has its definition in words and the time of every run that succeeded; the `runs` of all
functions here are those. The statistics are the same for all endpoints (`time_to_event.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api.results.views import Kind, MeasuredOn
from models.comparison.collapse.plateau_level import NEAR_ONE, PLATEAU_SHARE
from models.numbers_in_words import significant
from models.specs.experiment import ExperimentSpec
from models.store.metrics.loss_series import ValidationLosses
from models.store.tables import Run
from models.survival.plateau import (
    EVALUATIONS,
    STEPS,
    PlateauStay,
    plateau_stay,
    stretches_of_checks,
    stretches_of_steps,
)
from models.survival.schema import TimeToEvent
from models.survival.sentences import LEAVE_PLATEAU, REACH_TARGET, EventVerb
from models.survival.target_loss import Point, time_to_loss

NEVER_ON = (
    "A run comes onto the plateau where such a loss meets mean similarities, of positives and of "
    f"negatives, of {NEAR_ONE:g} or more; one that never did has no time."
)

Evaluations = Mapping[str, Sequence[ValidationLosses]]  # by run id
Levels = Mapping[str, float]  # by arm


@dataclass(frozen=True, slots=True)
class RunTime:
    """A run with its time to the event, and its stay on the plateau where leaving is the event."""

    run: Run
    time: TimeToEvent
    stay: PlateauStay | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One event, and the time to it in each run that succeeded."""

    kind: Kind
    measured_on: MeasuredOn
    about: str
    verb: EventVerb
    times: tuple[RunTime, ...]
    never_on: tuple[Run, ...]
    """Runs that were never on the plateau, so that they have no time; none for a target loss."""
    levels: Levels
    """Plateau levels, by arm; empty for a target loss."""
    target_loss: float | None = None
    target_loss_per_row: float | None = None


def first_on_plateau(
    runs: Sequence[Run], evaluations: Evaluations, steps: Mapping[str, int], levels: Levels
) -> dict[str, int]:
    """By run id, the step at which it was first seen on the plateau, at a training step (`steps`)
    or in an evaluation; a run that never was is not in it."""
    first: dict[str, int] = {}
    for run in runs:
        if run.arm not in levels:
            continue
        seen = [
            one.step
            for one in evaluations.get(run.id, ())
            if one.alike and one.loss_per_row is not None and one.loss_per_row >= levels[run.arm]
        ]
        seen += [steps[run.id]] if run.id in steps else []
        if seen:
            first[run.id] = min(seen)
    return first


def plateau_on_evaluations(
    spec: ExperimentSpec,
    runs: Sequence[Run],
    evaluations: Evaluations,
    first: Mapping[str, int],
    levels: Levels,
) -> Endpoint:
    """The validation loss left the plateau, of runs that were on it from their `first` step; an arm
    without a level has no plateau."""

    def times() -> Iterator[RunTime]:
        for run in runs:
            if run.id not in first:
                continue
            rows = evaluations.get(run.id, ())
            checks = [(one.step, one.loss_per_row) for one in rows if one.step >= first[run.id]]
            known = [(step, loss) for step, loss in checks if loss is not None]
            if known:
                stay = plateau_stay(stretches_of_checks(known, levels[run.arm]), EVALUATIONS)
                yield RunTime(run, TimeToEvent(stay.step, stay.left, known[-1][0]), stay)

    about = (
        f"Steps to the first of {EVALUATIONS.leave} validation evaluations in a row (one every "
        f"{spec.evaluate_every} steps) whose loss per row, in the arm's own loss, is below "
        f"{PLATEAU_SHARE * 100:g} % of what it is when all similarities are the same. A relapse is "
        "an evaluation at or above that level after it was left. A run that never left is censored "
        f"at its last evaluation. {NEVER_ON}"
    )
    return Endpoint(
        "leave_plateau",
        "validation",
        about,
        LEAVE_PLATEAU,
        tuple(times()),
        _never_on(runs, first, levels),
        dict(levels),
    )


def plateau_on_steps(
    runs: Sequence[Run],
    above: Mapping[str, Sequence[int]],
    first: Mapping[str, int],
    levels: Levels,
) -> Endpoint:
    """The training loss left the plateau, to the step, of runs that were on it from their `first`.

    `above` has, by run id, the steps whose loss is at or above the level.
    """

    def times() -> Iterator[RunTime]:
        for run in runs:
            if run.id in first and first[run.id] <= run.step:
                stretches = stretches_of_steps(above.get(run.id, ()), first[run.id], run.step)
                stay = plateau_stay(stretches, STEPS)
                yield RunTime(run, TimeToEvent(stay.step, stay.left, run.step), stay)

    about = (
        f"Steps to the first of {STEPS.leave} training steps in a row whose batch has a loss per "
        f"row, in the arm's own loss, below {PLATEAU_SHARE * 100:g} % of what it is when all "
        f"similarities are the same. A relapse is {STEPS.relapse} steps in a row at or above that "
        f"level after it was left. A run that never left is censored at its last step. {NEVER_ON}"
    )
    return Endpoint(
        "leave_plateau",
        "training",
        about,
        LEAVE_PLATEAU,
        tuple(times()),
        _never_on(runs, first, levels),
        dict(levels),
    )


def _never_on(runs: Sequence[Run], first: Mapping[str, int], levels: Levels) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.arm in levels and run.id not in first)


def target_on_evaluations(
    spec: ExperimentSpec, runs: Sequence[Run], evaluations: Evaluations, target: float
) -> Endpoint:
    """The validation loss, measured in the baseline's loss, reached the target."""

    def times() -> Iterator[RunTime]:
        for run in runs:
            time = time_to_loss(baseline_points(evaluations.get(run.id, ())), target)
            if time is not None:
                yield RunTime(run, time)

    summed = spec.baseline.loss.reduction == "sum"
    per_row = target / spec.batch_size if summed else target
    unit = f"summed over a batch of {spec.batch_size} rows" if summed else "the mean over the rows"
    about = (
        f"Steps to the first validation evaluation (one every {spec.evaluate_every} steps) at or "
        f"below a loss of {target:g} ({significant(per_row, 4)} a row). The yardstick of every arm "
        f"is the loss of {spec.baseline.name}, the baseline, on the same validation batches, "
        f"{unit}; not the arm's own loss. A run that never reached it is censored at its last "
        "evaluation."
    )
    return Endpoint(
        "reach_target_loss",
        "validation",
        about,
        REACH_TARGET,
        tuple(times()),
        (),
        {},
        target_loss=target,
        target_loss_per_row=per_row,
    )


def baseline_points(evaluations: Sequence[ValidationLosses]) -> list[Point]:
    """Return the evaluations with the one yardstick of all arms, the baseline's loss."""
    return [
        Point(one.step, one.baseline_loss, one.accuracy)
        for one in evaluations
        if one.baseline_loss is not None
    ]
