"""From the rows of an experiment to its pictures, which `api.exports.pictures` draws."""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.http.problems import NotInstalled
from api.results.document import results_document
from api.results.views import Results
from models.metrics import EVALUATION_METRICS
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import evaluations_of
from models.store.metrics.step_means import step_means
from models.store.tables import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 150  # of a curve, about
DRAWN_OF_STEPS = ("loss_per_row", "s_ap_mean", "s_an_mean", "harder_share", "gradient_norm")
DRAWN_OF_VALIDATION = {
    name: f"validation {EVALUATION_METRICS[name].label}"
    for name in ("baseline_loss", "accuracy", "roc_auc")
}
"""With the labels of their axes."""

Columns = Mapping[str, Sequence[float]]


class FigureName(StrEnum):
    TRAINING = "training"
    VALIDATION = "validation"
    GAUGES = "gauges"
    COMPARISON = "comparison"


def picture(
    session: Session,
    service: Service,
    experiment_id: str,
    name: FigureName,
    form: Literal["svg", "png"],
    results: Results | None = None,
) -> bytes:
    """Return the file of one picture of the results so far; `results` where they are known.

    Raises `NotFound`, and `NotInstalled` where there is no matplotlib.
    """
    experiment(session, experiment_id)
    try:
        from api.exports import (
            pictures,  # only now: the service starts and answers without matplotlib
        )
    except ImportError:
        raise NotInstalled("pictures need matplotlib") from None
    return pictures.drawn(_figure(session, service, experiment_id, name, results), form)


def _figure(
    session: Session,
    service: Service,
    experiment_id: str,
    name: FigureName,
    results: Results | None,
) -> "Figure":
    from api.exports import pictures

    if name is FigureName.COMPARISON:
        document = results or results_document(session, experiment_id, service)
        if document.noise_floor is not None:
            return pictures.noise_floor(document.noise_floor.model_dump())
        decisions = [one.model_dump() for one in document.comparisons if one.role == "primary"]
        return pictures.paired_dots(decisions, document.baselines.majority)
    spec = stored_spec(experiment(session, experiment_id).spec, experiment_id)
    runs = runs_of(session, experiment_id)
    if name is FigureName.VALIDATION:
        columns = {run.id: _evaluations(session, run) for run in runs}
        return pictures.evaluation_curves(_by_arm(spec, runs, columns), DRAWN_OF_VALIDATION)
    width = math.ceil(max(run.steps for run in runs) / POINTS)
    arms = _by_arm(spec, runs, step_means(session, experiment_id, DRAWN_OF_STEPS, width))
    if name is FigureName.GAUGES:
        return pictures.gauges(arms)
    return pictures.training_curves(arms, spec.baseline.loss.collapsed_loss_per_row)


def _by_arm(
    spec: ExperimentSpec, runs: Sequence[Run], columns: Mapping[str, Columns]
) -> dict[str, list[Columns]]:
    return {
        arm.name: [columns[run.id] for run in runs if run.arm == arm.name and run.id in columns]
        for arm in spec.arms
    }


def _evaluations(session: Session, run: Run) -> dict[str, list[Any]]:
    rows = [row for row in evaluations_of(session, run.id) if row.split == "validation"]
    return {name: [getattr(row, name) for row in rows] for name in ("step", *DRAWN_OF_VALIDATION)}
