"""`/v1/comparisons`: any two arms over the seeds that they share, also of different experiments.

Within one experiment, and on the terms that it declared, the comparison is that of the results
document, with Holm's correction over the same family. Any other comparison was chosen after the
results were known, so it is secondary, however small its p value is.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import NO_NUL, ServiceDep
from api.openapi.responses import may_answer
from api.results.comparability import Side, refusals, side_of
from api.results.kept_results import KeptReading, kept_reply
from models.comparison.declared_rule import declared_rule
from models.comparison.families import (
    SECONDARY,
    compare_runs,
    family_on,
    pairs_of_arms,
)
from models.comparison.inputs import ArmPair
from models.comparison.schema import Comparison
from models.errors import Invalid, TooMany
from models.specs.decision import Metric

router = APIRouter(prefix="/comparisons", tags=["comparisons"])

ArmPath = Annotated[str, Query(max_length=200, pattern=NO_NUL)]


@router.get("", response_model=Comparison, responses=may_answer(TooMany))
async def compare_arms(
    request: Request,
    service: ServiceDep,
    a: ArmPath,
    b: ArmPath,
    metric: Metric | None = None,
    margin: Annotated[float | None, Query(gt=0, allow_inf_nan=False)] = None,
    confidence: Annotated[float | None, Query(gt=0.5, lt=1)] = None,
) -> Response:
    """Compare two arms, each as `EXPERIMENT/ARM`. They must share data, split and seeds.

    Metric, margin and confidence default to those of the experiment of `a`. A margin that was
    declared for a loss does not apply to an accuracy, so then the margin has to be given.
    """

    def make(reading: KeptReading) -> bytes:
        found = _compared(reading, a, b, metric, margin, confidence)
        return found.model_dump_json(by_alias=True).encode()

    key = ("comparison", a, b, metric, margin, confidence)
    experiments = [path.partition("/")[0] for path in (a, b)]
    body = await kept_reply(request, service, key, experiments, make)
    return body.reply("application/json")


def _compared(
    reading: KeptReading,
    a: str,
    b: str,
    metric: Metric | None,
    margin: float | None,
    confidence: float | None,
) -> Comparison:
    first = side_of(reading.session, "a", a, reading.service)
    second = side_of(reading.session, "b", b, reading.service)
    declared = declared_rule(first.spec)
    on = metric or declared.metric
    problems = refusals(first, second, on)
    if problems:
        raise Invalid(problems)
    own = declared.for_metric(on)
    rule = replace(
        own,
        equivalence_margin=margin or own.equivalence_margin,
        confidence=confidence or own.confidence,
    )
    shared, lines = len(first.seeds & second.seeds), first.lines
    asked = first.experiment == second.experiment and first.spec.compares_arms
    as_declared = asked and rule == own
    if as_declared and on == declared.metric:
        pairs = _every_pair(first, second)
        family = family_on(pairs, [on], rule, "primary", shared, lines)
    elif as_declared and on in SECONDARY:
        others = [other for other in SECONDARY if other not in (on, declared.metric)]
        pairs = _every_pair(first, second)
        family = family_on(pairs, [on, *others], declared, "secondary", shared, lines)
    else:
        family = family_on(_one_pair(first, second), [on], rule, "secondary", shared, lines)
    return next(compare_runs([family], first=1))


def _every_pair(first: Side, second: Side) -> list[ArmPair]:
    """Return the pairs of arms of the results document, beginning with the requested pair."""
    requested = (first.arm, second.arm)
    others = [pair for pair in pairs_of_arms(first.spec) if set(pair) != set(requested)]
    return [(first.arms[a], first.arms[b]) for a, b in [requested, *others]]


def _one_pair(first: Side, second: Side) -> list[ArmPair]:
    """Return the two arms; arms of different experiments are named EXPERIMENT/ARM."""
    if first.experiment == second.experiment:
        return [(first.runs, second.runs)]
    a, b = (replace(side.runs, name=f"{side.experiment}/{side.arm}") for side in (first, second))
    return [(a, b)]
