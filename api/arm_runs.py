"""From the rows of an experiment to what a comparison needs of each arm."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.deps import Service
from models.errors import FilesAway
from models.evidence.arm_runs import ArmRuns
from models.evidence.families import Rule
from models.run_files import SCORES
from models.specs.experiment import Arm, DecisionSpec, ExperimentSpec
from models.states import RunState
from models.tables import Run

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


def rule_of(decision: DecisionSpec) -> Rule:
    return Rule(decision.metric, decision.equivalence_margin, decision.confidence)


def pairs_of_arms(spec: ExperimentSpec) -> list[tuple[str, str]]:
    """Every arm against the baseline first, then the others in the order of the spec."""
    baseline = spec.decision.baseline
    others = [arm.name for arm in spec.arms if arm.name != baseline]
    with_baseline = [(name, baseline) for name in others]
    return with_baseline + [(a, b) for index, b in enumerate(others) for a in others[index + 1 :]]
