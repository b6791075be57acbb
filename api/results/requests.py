"""The body of a comparison of runs that were trained elsewhere."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from api.http.json_bodies import RequestBody, validated
from api.openapi.requests import json_request
from models.comparison.evidence import LARGEST_VALUE
from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.errors import Invalid, Problem
from models.referee.declared import MOST_SEEDS, too_few_common
from models.referee.direction import lower_is_better
from models.specs.experiment import Line
from models.specs.names import PlainName

SEED = r"^(0|-?[1-9][0-9]{0,18})$"
"""A whole number, in the one way to write it: two keys are never the same seed."""

SIZE = {"minimum": -LARGEST_VALUE, "maximum": LARGEST_VALUE}  # checked below, in shorter words
Value = Annotated[float, Field(allow_inf_nan=False, json_schema_extra=SIZE)]
Values = Annotated[
    dict[str, Value],
    Field(
        min_length=1,
        max_length=MOST_SEEDS,
        json_schema_extra={"propertyNames": {"pattern": SEED}},
    ),
]
Name = Annotated[Line, Field(max_length=100), PlainName]


class DeclaredRuns(RequestBody):
    """The runs of two arms that were trained elsewhere, and the rule by which to compare them."""

    a: Values
    """Seed -> value of the metric, of every run of the first arm."""
    b: Values
    """The same of the second arm, which differences are taken from: `a - b`."""
    metric: Name
    """What the values are, such as `test.accuracy`."""
    higher_is_better: bool | None = None
    """Null where the name of the metric says it: a loss or an error is better when lower."""
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Smaller differences do not matter; in units of the metric. Without it nothing is called
    equivalent."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    a_name: Name = "a"
    """What the first arm is called in the reply."""
    b_name: Name = "b"

    def arms(self) -> tuple[ArmValues, ArmValues]:
        """The two arms with their values."""
        a, b = ({int(seed): value for seed, value in side.items()} for side in (self.a, self.b))
        return ArmValues(self.a_name, a), ArmValues(self.b_name, b)

    def rule(self) -> DecisionRule:
        """The rule that the caller declares."""
        lower = lower_is_better(self.metric)
        if self.higher_is_better is not None:
            lower = not self.higher_is_better
        return DecisionRule(self.metric, self.margin, self.confidence, lower)


DECLARED_RUNS_BODY = json_request(
    DeclaredRuns,
    example={
        "a": {"0": 0.731, "1": 0.735, "2": 0.729, "3": 0.738, "4": 0.733, "5": 0.736},
        "b": {"0": 0.722, "1": 0.727, "2": 0.724, "3": 0.726, "4": 0.725, "5": 0.729, "6": 0.724},
        "metric": "test.accuracy",
        "higher_is_better": True,
        "margin": 0.005,
        "confidence": 0.95,
        "a_name": "modified",
        "b_name": "vanilla",
    },
)


def parse_declared_runs(document: Any) -> DeclaredRuns:
    """Return the runs of a decoded body. Raises `Invalid` with a problem for each wrong field."""
    runs = validated(DeclaredRuns, document)
    problems = [*_bad_runs(runs)] or [*_bad_arms(runs)]
    if problems:
        raise Invalid(problems)
    return runs


def _bad_runs(runs: DeclaredRuns) -> Iterator[Problem]:
    for side, values in (("a", runs.a), ("b", runs.b)):
        for seed, value in values.items():
            if abs(value) > LARGEST_VALUE:
                yield Problem.at(side, seed, detail=f"a value is at most {LARGEST_VALUE:g} in size")
            if not re.fullmatch(SEED, seed):
                detail = f"a seed is a whole number, written such as 3, not {seed[:40]!r}"
                yield Problem.at(side, seed, detail=detail)


def _bad_arms(runs: DeclaredRuns) -> Iterator[Problem]:
    if runs.a_name == runs.b_name:
        yield Problem("/b_name", f"both arms are called {runs.a_name!r}; give another name")
    if sentence := too_few_common(*runs.arms()):
        yield Problem("/b", sentence)
