"""From the rows of an experiment to what a comparison needs of each arm."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.dependencies import Service
from models.comparison.arm_runs import ArmRuns
from models.errors import FilesAway
from models.files.run_files import SCORES
from models.specs.experiment import Arm
from models.states import RunState
from models.store.tables import Run

log = logging.getLogger(__name__)

Metrics = Mapping[str, Mapping[str, float]]
"""Final metrics by run id."""


def arm_runs(arm: Arm, runs: Sequence[Run], metrics: Metrics, service: Service) -> ArmRuns:
    """The arm's runs that have succeeded, among `runs` of its experiment."""
    own = [run for run in runs if run.arm == arm.name and run.state == RunState.SUCCEEDED]
    return ArmRuns(
        name=arm.name,
        metrics={run.seed: metrics[run.id] for run in own},
        folders=_folders(service, own),
        collapsed_loss_per_row=arm.loss.collapsed_loss_per_row,
    )


def _folders(service: Service, runs: Sequence[Run]) -> dict[int, Path]:
    """By seed, with the scores as far as the bucket answers: all else does without them."""
    try:
        for run in runs:
            service.run_file(run.id, SCORES)
    except FilesAway as away:
        log.warning("a comparison without test scores: %s", away)
    return {run.seed: service.settings.run_dir(run.id) for run in runs}
