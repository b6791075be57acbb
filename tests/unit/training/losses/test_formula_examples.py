"""Every example of docs/formulas.md trains, and costs least where all is as it should be."""

import re

import pytest

from models.specs.arm_formulas import arm_formulas, formula_problems
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES
from worker.training.events import StepDone
from worker.training.loop import train

from support.project import ROOT
from support.training import tiny_data, tiny_spec

PAGE = (ROOT / "docs/formulas.md").read_text()
EXAMPLES = re.search(r"```formula\n(.*?)```", PAGE, re.S)
assert EXAMPLES is not None
ROWS = EXAMPLES[1].splitlines()
DATA = tiny_data()


def spec_of(row: str) -> ExperimentSpec:
    arms = [{"name": "own", "loss": {"terms": [{"kind": "formula", "row": row}]}}]
    return tiny_spec(arms=arms, steps=3, evaluate_every=2)


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 14
    assert len(set(ROWS)) == len(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_an_example_trains_and_costs_least_where_all_is_as_it_should_be(row: str) -> None:
    spec = spec_of(row)
    steps = [one for one in train(spec, "own", 0, DATA) if isinstance(one, StepDone)]
    assert [one.step for one in steps] == [1, 2, 3]
    assert all(one.gradient_norm > 0 for one in steps)
    (found,) = arm_formulas(spec)
    values = found.values
    assert values.perfect is not None
    assert values.collapsed is not None
    assert values.random is not None
    assert values.perfect < min(values.collapsed, values.random)


@pytest.mark.parametrize("recipe", ["own-formula", "own-formula-ramp"])
def test_the_recipes_formulas_are_ready_to_train(recipe: str) -> None:
    spec = parse_spec(dict(RECIPES[recipe].spec))
    assert len(list(arm_formulas(spec))) == len(spec.arms) >= 2
    assert formula_problems(spec) == []


def test_a_formula_that_would_fail_at_once_is_named_where_it_was_given() -> None:
    broken = {"kind": "formula", "row": "s_ap + max((s_an - 2) ^ 0.5)"}
    sound = {"kind": "formula", "row": "max(s_an) - s_ap"}
    levels = [{"name": n, "loss": {"terms": [t]}} for n, t in (("a", sound), ("b", broken))]
    rates = [{"name": f"{rate}", "optimizer": {"lr": rate}} for rate in (0.1, 0.2)]
    factors = [{"name": "loss", "levels": levels}, {"name": "rate", "levels": rates}]
    spec = parse_spec({"dataset": "d", "factors": factors})
    (problem,) = formula_problems(spec)
    assert problem.pointer == "/factors/0/levels/1/loss/terms/0/row"
    assert "not a finite number" in problem.detail
