"""All SQL of the time-to-event analysis: an experiment's losses, run by run, as it needs them.

Only runs that succeeded are read. Evaluations are few and come whole. Of the training steps, which
may be hundreds of thousands, only those at or above the level come: most runs leave the plateau
early, and the steps below follow from them. (Windows over all steps take four times as long.)
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, case, cast, func, select
from sqlalchemy.orm import Session

from models.comparison.collapse.plateau_level import NEAR_ONE, all_alike
from models.states import RunState
from models.store.tables import Evaluation, Run, Step


@dataclass(frozen=True, slots=True)
class ValidationLosses:
    """One evaluation on the validation rows."""

    step: int
    loss_per_row: float | None  # the arm's own
    baseline_loss: float | None  # as the baseline reduces a batch
    accuracy: float
    alike: bool  # all pairs are alike to the network, duplicates and others


def validation_losses(session: Session, experiment_id: str) -> dict[str, list[ValidationLosses]]:
    """Each succeeded run's evaluations by step; a run without any is not in it."""
    columns = Evaluation.__table__.c
    query = (
        select(
            Evaluation.run_id,
            Evaluation.step,
            columns.loss_per_row,
            columns.baseline_loss,
            columns.accuracy,
            columns.positive_mean,
            columns.negative_mean,
        )
        .join(Run, Run.id == Evaluation.run_id)
        .where(*_succeeded_of(experiment_id), Evaluation.split == "validation")
        .order_by(Evaluation.run_id, Evaluation.step)
    )
    found: dict[str, list[ValidationLosses]] = defaultdict(list)
    for run_id, step, own, baseline, accuracy, *similarities in session.execute(query):
        row = ValidationLosses(step, own, baseline, accuracy, all_alike(*similarities))
        found[run_id].append(row)
    return dict(found)


def steps_above(
    session: Session, experiment_id: str, levels: Mapping[str, float]
) -> dict[str, list[int]]:
    """Each succeeded run's steps whose loss per row is at or above its arm's level, ascending.

    A run that has none is not in it, and neither are those of arms without a level.
    """
    if not levels:
        return {}
    query = (
        # a text a run: to make a row of each of hundreds of thousands takes five times as long
        select(Step.run_id, func.aggregate_strings(cast(Step.step, String), ","))
        .join(Run, Run.id == Step.run_id)
        .where(*_succeeded_of(experiment_id), Run.arm.in_(levels))
        .where(Step.__table__.c.loss_per_row >= case(dict(levels), value=Run.arm))
        .group_by(Step.run_id)
    )
    # here and not by the server: of each run they come in order already, which it cannot know
    return {run_id: sorted(map(int, steps.split(","))) for run_id, steps in session.execute(query)}


def first_steps_alike(
    session: Session, experiment_id: str, levels: Mapping[str, float]
) -> dict[str, int]:
    """Each succeeded run's first step at or above its arm's level whose batch is all alike to the
    network, positives and negatives. A run that has none is not in it."""
    if not levels:
        return {}
    columns = Step.__table__.c
    query = (
        select(Step.run_id, func.min(Step.step))
        .join(Run, Run.id == Step.run_id)
        .where(*_succeeded_of(experiment_id), Run.arm.in_(levels))
        .where(columns.loss_per_row >= case(dict(levels), value=Run.arm))
        .where(columns.s_ap_mean >= NEAR_ONE, columns.s_an_mean >= NEAR_ONE)
        .group_by(Step.run_id)
    )
    return {run_id: step for run_id, step in session.execute(query)}


def _succeeded_of(experiment_id: str) -> tuple[ColumnElement[bool], ...]:
    """The runs of the comparison that succeeded; tuning runs are not part of it."""
    return Run.experiment_id == experiment_id, Run.state == RunState.SUCCEEDED, ~Run.tuning
