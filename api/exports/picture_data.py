"""From the rows of an experiment to its pictures, which `api.exports.pictures` draws."""

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from api.http.problems import NotInstalled
from api.results.kept_results import KeptReading, Key, results_of
from models.comparison.lines import lines_in_words
from models.metrics import EVALUATION_METRICS
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.store.experiments import compared_runs, experiment
from models.store.metrics.rows import evaluation_series
from models.store.metrics.step_means import step_means
from models.store.tables import Run
from models.store.tuning.plan import settled

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
PictureForm = Literal["svg", "png"]


class FigureName(StrEnum):
    TRAINING = "training"
    VALIDATION = "validation"
    GAUGES = "gauges"
    COMPARISON = "comparison"


def picture_key(experiment_id: str, name: FigureName, form: PictureForm) -> Key:
    """The key of a picture among what is kept."""
    return "picture", experiment_id, name, form


def picture(reading: KeptReading, experiment_id: str, name: FigureName, form: PictureForm) -> bytes:
    """Return the file of one picture of the results so far.

    Raises `NotFound`, and `NotInstalled` where there is no matplotlib.
    """
    experiment(reading.session, experiment_id)
    try:
        from api.exports import (
            pictures,  # only now: the service starts and answers without matplotlib
        )
    except ImportError:
        raise NotInstalled("pictures need matplotlib") from None
    return pictures.drawn(_figure(reading, experiment_id, name), form)


def _figure(reading: KeptReading, experiment_id: str, name: FigureName) -> "Figure":
    from api.exports import pictures

    if name is FigureName.COMPARISON:
        document = results_of(reading, experiment_id)
        if document.seed_sources is not None:
            return pictures.source_spreads(document.seed_sources.model_dump())
        baselines = document.baselines.model_dump()
        if document.noise_floor is not None:
            lines = lines_in_words(baselines, document.noise_floor.metric)
            return pictures.noise_floor(document.noise_floor.model_dump(), lines)
        if document.effects:
            effects = [one.model_dump() for one in document.effects if one.role == "primary"]
            return pictures.effect_intervals(effects)
        decisions = [one.model_dump() for one in document.comparisons if one.role == "primary"]
        metrics = document.baselines.by_metric
        return pictures.paired_dots(
            decisions, {one: lines_in_words(baselines, one) for one in metrics}
        )
    session = reading.session
    spec = stored_spec(experiment(session, experiment_id).spec, experiment_id)
    runs = compared_runs(session, experiment_id)
    if name is FigureName.VALIDATION:
        columns = evaluation_series(session, experiment_id, "validation", [*DRAWN_OF_VALIDATION])
        return pictures.evaluation_curves(_by_arm(spec, runs, columns), DRAWN_OF_VALIDATION)
    width = math.ceil(max((run.steps for run in runs), default=1) / POINTS)
    arms = _by_arm(spec, runs, step_means(session, experiment_id, DRAWN_OF_STEPS, width))
    if name is FigureName.GAUGES:
        return pictures.gauges(arms)
    collapsed = settled(session, {experiment_id: spec})[experiment_id].collapsed_loss
    return pictures.training_curves(arms, collapsed[spec.decision.baseline])


def _by_arm(
    spec: ExperimentSpec, runs: Sequence[Run], columns: Mapping[str, Columns]
) -> dict[str, list[Columns]]:
    return {
        arm.name: [columns[run.id] for run in runs if run.arm == arm.name and run.id in columns]
        for arm in spec.arms
    }
