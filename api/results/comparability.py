"""Whether two arms can be compared: the same data, the same split, a shared seed.

Each refusal names the query parameter that has to change.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dependencies import Service
from api.results.arm_runs import arm_runs
from models.comparison.arm_runs import ArmRuns
from models.errors import Invalid, NotFound, Problem
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.store.experiments import experiment, runs_of
from models.store.metrics.rows import final_metrics


@dataclass(frozen=True)
class Side:
    """One arm as named in the query, with all that may forbid to compare it with another."""

    experiment: str
    arm: str
    spec: ExperimentSpec
    content_hash: str
    arms: dict[str, ArmRuns]
    seeds: frozenset[int]
    """Of all runs of the arm, whatever became of them."""

    @property
    def runs(self) -> ArmRuns:
        return self.arms[self.arm]


def side_of(session: Session, name: str, path: str, service: Service) -> Side:
    experiment_id, _, arm = path.partition("/")
    try:
        row = experiment(session, experiment_id)
    except NotFound as error:
        raise Invalid([_problem(name, f"{error}; write EXPERIMENT/ARM")]) from None
    spec = parse_spec(row.spec)
    names = [one.name for one in spec.arms]
    if arm not in names:
        known = ", ".join(names)
        raise Invalid([_problem(name, f"the arms of {experiment_id} are {known}, not '{arm}'")])
    runs = runs_of(session, experiment_id)
    metrics = final_metrics(session, experiment_id)
    return Side(
        experiment=row.id,
        arm=arm,
        spec=spec,
        content_hash=row.content_hash,
        arms={one.name: arm_runs(one, runs, metrics, service) for one in spec.arms},
        seeds=frozenset(run.seed for run in runs if run.arm == arm),
    )


def refusals(one: Side, two: Side, metric: str) -> list[Problem]:
    """Why the two cannot be compared on this metric."""
    if (one.experiment, one.arm) == (two.experiment, two.arm):
        return [_problem("b", "this is the arm that a names; name another")]
    problems = []
    if one.content_hash != two.content_hash:
        problems.append(_problem("b", "its data set has other rows than that of a"))
    if one.spec.split != two.spec.split:
        problems.append(_problem("b", "its split differs from that of a, so the test pairs may"))
    if not one.seeds & two.seeds:
        problems.append(_problem("b", "it shares no seed with a, so no runs can be paired"))
    if metric.startswith("validation."):
        needed = ["validation_pairs"]
        if "loss" in metric:
            needed = ["validation_batches", "batch_size"]
        differing = [name for name in needed if getattr(one.spec, name) != getattr(two.spec, name)]
        if (
            metric == "validation.baseline_loss"
            and one.spec.baseline.loss != two.spec.baseline.loss
        ):
            differing.append("the loss of the baseline arm")
        if differing:
            what = " and ".join(differing)
            problems.append(_problem("metric", f"it is measured otherwise in b: {what} differs"))
    return problems


def _problem(parameter: str, detail: str) -> Problem:
    return Problem(f"/query/{parameter}", detail)
