"""`/v1/comparisons`: any two arms over the seeds that they share, also of different experiments.

Within one experiment, on the terms that it declared, the answer is that of the results document:
Holm's rule looks at the same family. Everything else was chosen after results were there, so it is
a secondary figure, however small its p.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import NO_NUL, ServiceDep
from api.results.comparability import Side, refusals, side_of
from models.comparison.arm_runs import Sides
from models.comparison.families import SECONDARY, Rule, compare_on, pairs_of_arms, rule_of
from models.comparison.schema import Comparison
from models.errors import Invalid
from models.specs.experiment import Metric

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

ArmPath = Annotated[str, Query(max_length=200, pattern=NO_NUL)]


@router.get("")
def compare_arms(
    service: ServiceDep,
    a: ArmPath,
    b: ArmPath,
    metric: Metric | None = None,
    margin: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None,
    confidence: Annotated[float | None, Query(gt=0.5, lt=1)] = None,
) -> Comparison:
    """Compare two arms, each as `EXPERIMENT/ARM`. They must share data, split and seeds.

    Metric, margin and confidence are those of a's experiment unless given. A margin that was
    declared for a loss says nothing of an accuracy, so there it has to be given.
    """
    with service.database.reading() as session:
        one = side_of(session, "a", a, service)
        two = side_of(session, "b", b, service)
    declared = rule_of(one.spec.decision)
    asked = metric or declared.metric
    problems = refusals(one, two, asked)
    if problems:
        raise Invalid(problems)
    own = declared.margin_for(asked)
    rule = Rule(asked, margin or own, confidence or declared.confidence)
    shared = len(one.seeds & two.seeds)
    as_declared = rule == Rule(asked, own, declared.confidence)
    if one.experiment == two.experiment and as_declared and asked == declared.metric:
        return compare_on(_every_pair(one, two), [asked], rule, "primary", shared)[0]
    if one.experiment == two.experiment and as_declared and asked in SECONDARY:
        others = [one for one in SECONDARY if one not in (asked, declared.metric)]
        pairs = _every_pair(one, two)
        return compare_on(pairs, [asked, *others], declared, "secondary", shared)[0]
    return compare_on(_alone(one, two), [asked], rule, "secondary", shared)[0]


def _every_pair(one: Side, two: Side) -> Sides:
    """The pairs of arms of the results document, the asked one first and in the asked order."""
    others = [pair for pair in pairs_of_arms(one.spec) if set(pair) != {one.arm, two.arm}]
    return [(one.arms[a], one.arms[b]) for a, b in [(one.arm, two.arm), *others]]


def _alone(one: Side, two: Side) -> Sides:
    """The two arms; of different experiments they carry their experiments' ids."""
    if one.experiment == two.experiment:
        return [(one.runs, two.runs)]
    a, b = (replace(side.runs, name=f"{side.experiment}/{side.arm}") for side in (one, two))
    return [(a, b)]
