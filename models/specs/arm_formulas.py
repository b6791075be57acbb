"""The formulas of a spec's arms, each with its value on three batches that show what they ask."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.errors import Problem
from models.specs.cells import at_levels
from models.specs.experiment import ExperimentSpec
from models.specs.formula.examples import ExampleValues, example_values
from models.specs.terms import Formula


@dataclass(frozen=True)
class ArmFormula:
    """A formula of an arm. `pointer` leads to it in the spec: in the arm, or in what gave it."""

    arm: str
    pointer: str
    row: str
    values: ExampleValues


def arm_formulas(spec: ExperimentSpec) -> Iterator[ArmFormula]:
    """Every formula of every arm, in order. The values are those at the last step, by the last rule
    of a schedule."""
    for index, arm in enumerate(spec.arms):
        own = spec.for_arm(arm.name)
        for number, term in enumerate(arm.loss.terms):
            if isinstance(term, Formula):
                margin, among = arm.loss.margin_of(term), term.among_at(None)
                values = example_values(term.row, margin, own.steps, own.batch_size, among)
                pointer = _place(spec, f"/arms/{index}/loss/terms/{number}/row")
                yield ArmFormula(arm.name, pointer, term.row, values)


def formula_problems(spec: ExperimentSpec) -> list[Problem]:
    """Formulas that are no finite number on a random batch, each once: a training would fail at
    its first step."""
    detail = (
        "this is not a finite number on a batch of random vectors, so a training would fail at "
        "once: look for a division by 0, an exp of a large number or a power of a negative one"
    )
    found = (one.pointer for one in arm_formulas(spec) if one.values.random is None)
    return [Problem(pointer, detail) for pointer in dict.fromkeys(found)]


def _place(spec: ExperimentSpec, pointer: str) -> str:
    """The pointer into an arm, or where the arm is a cell, into the level that gave the formula."""
    if spec.factors is None:
        return pointer
    document = {"design": spec.design}
    (problem,) = at_levels([Problem(pointer, "")], document, spec.factors)
    return problem.pointer
