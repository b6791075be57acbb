"""What a comparison needs of each arm, and whether two arms can be compared.

They can when they have the same data, the same split and a shared seed. Each refusal names the
query parameter that has to change.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

from sqlalchemy.orm import Session

from api.dependencies import Service
from models.comparison.inputs import ArmRuns
from models.comparison.lines import Lines
from models.errors import FilesAway, Invalid, NotFound, Problem
from models.files.run_files import RESAMPLED, SCORES
from models.specs.decision import Metric
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.states import TERMINAL, RunState, TuningState
from models.store.experiments import compared_runs, experiment
from models.store.metrics.lines import ZeroShot
from models.store.metrics.rows import final_metrics
from models.store.metrics.untrained import ByMetric, apart, untrained_means
from models.store.tables import Experiment, Run
from models.store.tuning.plan import Settled, settled, tuning_of

log = logging.getLogger(__name__)

Metrics = Mapping[str, Mapping[str, float]]
"""Final metrics by run id."""


@dataclass(frozen=True)
class Compared:
    """All of an experiment that its comparisons rest on."""

    spec: ExperimentSpec
    own: Settled
    runs: Sequence[Run]
    """Those that are compared, in whatever state: no tuning runs."""
    metrics: Metrics
    untrained: ByMetric
    """The metrics that are judged, of each arm before its first step, but for pretrained arms."""
    zero_shot: ZeroShot
    """The same of what arms start from: a pretrained model, or token vectors."""
    lines: Mapping[str, Lines]
    to_come: frozenset[int] = frozenset()
    """Seeds whose runs are queued once the settings are chosen."""

    @cached_property
    def by_arm(self) -> Mapping[str, Sequence[Run]]:
        """The runs of each arm, in their order."""
        found: dict[str, list[Run]] = {arm.name: [] for arm in self.spec.arms}
        for run in self.runs:
            found.setdefault(run.arm, []).append(run)
        return found

    def arms(self, service: Service | None) -> dict[str, ArmRuns]:
        """Return every arm by name; without a service, no folders with the scores of test pairs."""
        return {arm.name: _arm_runs(self, arm.name, service) for arm in self.spec.arms}


def compared_of(
    session: Session, row: Experiment, spec: ExperimentSpec, runs: Sequence[Run]
) -> Compared:
    """Read what the comparisons of an experiment rest on; `runs` are those that are compared."""
    measured = untrained_means(session, [row.id], get_args(Metric))[row.id]
    pretrained = [arm.name for arm in spec.arms if spec.starts_pretrained(arm.name)]
    untrained, zero_shot = apart(measured, pretrained, row.zero_shot or {})
    return Compared(
        spec=spec,
        own=settled(session, {row.id: spec})[row.id],
        runs=runs,
        metrics=final_metrics(session, row.id),
        untrained=untrained,
        zero_shot=zero_shot,
        lines=row.lines,
        to_come=_to_come(session, row.id, spec),
    )


def _to_come(session: Session, experiment_id: str, spec: ExperimentSpec) -> frozenset[int]:
    tuning = None if spec.tuning is None else tuning_of(session, experiment_id)
    if tuning is None or tuning.state != TuningState.PLANNED:
        return frozenset()
    return frozenset(spec.seeds.at_start())


def _arm_runs(compared: Compared, name: str, service: Service | None) -> ArmRuns:
    """Return the runs of the arm that succeeded, and the seeds of those that have not ended."""
    settled, metrics, spec = compared.own, compared.metrics, compared.spec
    every = compared.by_arm[name]
    own = [run for run in every if run.state == RunState.SUCCEEDED]
    folders = [] if service is None else score_folders(service, [run.id for run in own])
    return ArmRuns(
        name=name,
        metrics={run.seed: metrics[run.id] for run in own},
        folders=dict(zip((run.seed for run in own), folders, strict=service is not None)),
        collapsed_loss_per_row=settled.collapsed_loss[name],
        awaited=compared.to_come.union(run.seed for run in every if _is_awaited(run, spec)),
        tuned=settled.tuned[name],
        held=settled.held,
        untrained={
            metric: by_arm[name] for metric, by_arm in compared.untrained.items() if name in by_arm
        },
        zero_shot=compared.zero_shot.get(name, {}),
        pretrained=spec.starts_pretrained(name),
    )


def _is_awaited(run: Run, spec: ExperimentSpec) -> bool:
    """Whether there is no verdict before this run. In a programme that is also one which was
    cancelled: whoever sees the values so far could stop at a lucky moment."""
    return run.state not in TERMINAL or (
        spec.programme is not None and run.state == RunState.CANCELLED
    )


def score_folders(service: Service, runs: Sequence[str]) -> list[Path]:
    """Return the folders of runs, by their ids, with their test scores and the sums of these;
    without where the bucket is away."""
    folder = service.settings.runs_dir
    try:
        for run in runs:
            if not os.path.exists(f"{folder}/{run}/{SCORES}"):  # a `Path` takes as long as the look
                service.run_file(run, SCORES)
                service.run_file(run, RESAMPLED)
    except FilesAway as away:
        log.warning("comparing without test scores: %s", away)
    return [folder / run for run in runs]


@dataclass(frozen=True)
class Side:
    """One arm as the query names it, with everything that decides whether it can be compared."""

    experiment: str
    arm: str
    spec: ExperimentSpec
    content_hash: str
    lines: Mapping[str, Lines]
    arms: dict[str, ArmRuns]
    seeds: frozenset[int]
    """Of all runs of the arm, in whatever state."""

    @property
    def runs(self) -> ArmRuns:
        return self.arms[self.arm]


def side_of(session: Session, name: str, path: str, service: Service) -> Side:
    """Read the arm that the query parameter `name` gives as `EXPERIMENT/ARM`.

    Raises `Invalid` where there is no such experiment or arm.
    """
    experiment_id, _, arm = path.partition("/")
    try:
        row = experiment(session, experiment_id)
    except NotFound as error:
        raise Invalid([_problem(name, f"{error}; write EXPERIMENT/ARM")]) from None
    spec = stored_spec(row.spec, row.id)
    names = [one.name for one in spec.arms]
    if arm not in names:
        known = ", ".join(names)
        raise Invalid([_problem(name, f"the arms of {experiment_id} are {known}, not '{arm}'")])
    runs = compared_runs(session, experiment_id)
    compared = compared_of(session, row, spec, runs)
    return Side(
        experiment=row.id,
        arm=arm,
        spec=spec,
        content_hash=row.content_hash,
        lines=row.lines,
        arms=compared.arms(service),
        seeds=frozenset(run.seed for run in runs if run.arm == arm),
    )


def refusals(a: Side, b: Side, metric: str) -> list[Problem]:
    """Return why the two arms cannot be compared on this metric; empty when they can."""
    if (a.experiment, a.arm) == (b.experiment, b.arm):
        return [_problem("b", "a and b name the same arm; name another")]
    problems = []
    if a.content_hash != b.content_hash:
        problems.append(_problem("b", "its data set has other rows than the data set of a"))
    if a.spec.split != b.spec.split:
        problems.append(
            _problem("b", "its split differs from the split of a, so the test pairs may differ too")
        )
    if _means(a) != _means(b):
        detail = (
            "its seeds vary other sources than those of a, or hold them at another seed, so equal "
            "seeds are not pairs"
        )
        problems.append(_problem("b", detail))
    if not a.seeds & b.seeds:
        problems.append(_problem("b", "it shares no seed with a, so their runs cannot be paired"))
    if metric.startswith("validation."):
        needed = ["validation_pairs"]
        if "loss" in metric:
            needed = ["validation_batches", "batch_size"]
        differing = [name for name in needed if getattr(a.spec, name) != getattr(b.spec, name)]
        if metric == "validation.baseline_loss" and a.spec.baseline.loss != b.spec.baseline.loss:
            differing.append("the loss of the baseline arm")
        if differing:
            what = " and ".join(differing)
            problems.append(_problem("metric", f"it is measured differently in b: {what} differs"))
    return problems


def _means(side: Side) -> tuple[object, ...]:
    """What a seed of this side varies, and where the rest is held."""
    return side.spec.seeds.vary, side.spec.seeds.held_at


def _problem(parameter: str, detail: str) -> Problem:
    return Problem.at("query", parameter, detail=detail)
