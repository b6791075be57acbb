"""The language of formulas: what is refused, at which column, and that nothing else can happen."""

import json
import re
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Invalid
from models.specs.formula.arrays import Rows, row_values
from models.specs.formula.errors import FormulaError
from models.specs.formula.examples import collapsed_value, example_values
from models.specs.formula.grammar import parse
from models.specs.formula.language import (
    FUNCTIONS,
    LOGIC,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    NAMES,
    Kind,
)
from models.specs.formula.tree import Node, nodes
from models.specs.parse import parse_spec
from models.specs.terms import Formula

from support.formulas import accepted, formulas
from support.published import MINIMAL, VANILLA

PIECES = [*NAMES, *FUNCTIONS, *LOGIC, *"+-*/^(),<>=!&|.", "**", "<=", "==", " ", "1", "0.5", "1e9"]


def refused(text: str) -> FormulaError:
    with pytest.raises(FormulaError) as raised:
        parse(text)
    return raised.value


def problems_of(term: dict[str, Any]) -> list[tuple[str, str]]:
    arm = {"name": "own", "loss": {"terms": [{"kind": "formula", **term}]}}
    with pytest.raises(Invalid) as raised:
        parse_spec({**MINIMAL, "arms": [arm, VANILLA]})
    return [(one.pointer, one.detail) for one in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("relu(margin - s_an)", 1, "one value for each negative"),
        ("s_ap + s_an * 2", 6, "one value for each negative"),
        ("margin + 1", 8, "the same number for each row"),
        ("s_ap > 0.5", 6, "true or false"),
        ("detach(s_ap) + count(s_an > s_ap)", 14, "nothing can be learned"),
        ("s_ap + foo", 8, "no name is called foo"),
        ("s_app", 1, "is s_ap meant?"),
        ("avg(s_an) - s_ap", 1, "is mean meant?"),
        ("max - s_ap", 1, "max is a function"),
        ("max(s_ap)", 5, "one value for each row: s_an is not in it"),
        ("mean(s_an, 2)", 1, "has 2 arguments here"),
        ("topk(s_an, 1.5)", 12, "a whole number"),
        ("topk(s_an, batch_size)", 12, "a whole number"),
        ("topk(s_an, 9000)", 12, "8,191"),
        ("s_ap ^ s_ap", 8, "an exponent is one number"),
        ("where(s_an, 1, 2)", 7, "where(condition, a, b) begins with a comparison"),
        ("s_ap + (s_ap > 0)", 14, "true or false, and + takes numbers"),
        ("s_ap * 1 / (2 - 2)", 10, None),
        ("s_ap + 1 / (2 - 2)", 10, "not a finite number"),
        ("s_ap + 1e13", 8, "1e+12"),
        ("0 < s_ap < 1", 10, "joined by and"),
        ("s_ap ** 2", 6, "a power is written ^"),
        ("s_ap s_ap", 6, "an operator is needed"),
        ("(s_ap", 6, "for the ( in column 1"),
        ("s_ap)", 5, "closes nothing"),
        ("s_ap +", 7, "the formula ends here"),
        ("exp()", 5, "an argument is needed"),
        ("s_ap\n+ 1", 5, "one line"),
        ("s_ap + \u00b5", 8, "U+00B5"),
        ("s_ap.mean()", 5, ". is not part of the language"),
        ("   ", 1, "a formula is needed"),
        ("+".join(["s_ap"] * 33), 160, "nested too deeply"),
        ("(" * 40 + "s_ap" + ")" * 40, 33, "nested too deeply"),
        ("-" * 40 + "s_ap", 33, "nested too deeply"),
        ("+".join(f"({'+'.join(['1'] * 20)})" for _ in range(8)), None, "100 parts at most"),
        ("1" * (MAX_LENGTH + 1), 501, "500 characters at most"),
    ],
)
def test_a_wrong_formula_is_refused_at_its_column(
    text: str, column: int | None, words: str | None
) -> None:
    if words is None:  # left to right this is (s_ap * 1) / 0, which depends on s_ap
        assert parse(text).kind is Kind.ROW
        return
    error = refused(text)
    assert words in error.reason
    assert column in (None, error.column)
    sentence, shown, caret = error.in_text(text).split("\n")
    assert sentence == f"column {error.column}: {error.reason}"
    place = caret.index("^")
    marked = text[error.column - 1 : error.column]
    if marked.isprintable() and marked.isascii():
        assert shown[place : place + 1] == marked


def test_the_post_names_the_field_the_column_and_what_helps() -> None:
    ((pointer, detail),) = problems_of({"row": "relu(margin - s_an)"})
    assert pointer == "/arms/0/loss/terms/0/row"
    assert detail.startswith("column 1: this is one value for each negative, and a term is one")
    assert detail.endswith("\nrelu(margin - s_an)\n^")
    arms = [{"name": "own", "loss": {"terms": [{"kind": "formula", "row": "1 +"}]}}, VANILLA]
    with pytest.raises(Invalid) as raised:
        parse_spec({**MINIMAL, "arms": arms})
    assert [one.column for one in raised.value.problems] == [4]


def test_a_level_of_a_factor_and_a_setting_are_named_too() -> None:
    levels = [
        {"name": "own", "loss": {"terms": [{"kind": "formula", "row": "s_ap +"}]}},
        {"name": "course", "loss": VANILLA["loss"]},
    ]
    with pytest.raises(Invalid) as raised:
        parse_spec({"dataset": "d", "factors": [{"name": "loss", "levels": levels}]})
    (problem,) = raised.value.problems
    assert problem.pointer == "/factors/0/levels/0/loss/terms/0/row"
    assert problem.column == 7
    arm = {"name": "own", "loss": {"terms": [{"kind": "formula", "row": "max(s_an) - s_ap"}]}}
    grid = {"/loss/terms/0/row": ["mean(s_an) - s_ap", "mean(s_an"]}
    with pytest.raises(Invalid) as raised:
        parse_spec({"dataset": "d", "arms": [arm], "tuning": {"grid": grid}})
    assert {one.pointer for one in raised.value.problems} == {
        "/tuning/grid/~1loss~1terms~10~1row/1"
    }
    assert {one.column for one in raised.value.problems} == {10}


@pytest.mark.parametrize(
    ("term", "field"),
    [
        ({"row": "max(s_an) - s_ap", "margin": 0.5}, "margin"),
        ({"row": "relu(0.9 - s_ap)", "among": "semi_hard"}, "among"),
        ({"row": "relu(0.9 - s_ap)", "mining": [{"from_step": 1, "among": "all"}]}, "mining"),
    ],
)
def test_a_field_that_the_formula_would_not_read_is_refused(
    term: dict[str, Any], field: str
) -> None:
    ((pointer, detail),) = problems_of(term)
    assert pointer == f"/arms/0/loss/terms/0/{field}"
    assert "does not name" in detail


def test_operators_bind_as_in_mathematics() -> None:
    def value(text: str) -> float:
        rows = Rows(np.array([3.0]), np.array([[1.0, 2.0]]), np.ones((1, 2), bool), 0.25, 4, 5)
        return float(row_values(parse(f"0 * s_ap + ({text})"), rows)[0])

    assert value("-s_ap ^ 2") == -9
    assert value("2 ^ 3 ^ 2") == 512
    assert value("2 ^ -1") == 0.5
    assert value("8 / 4 / 2 - 1 - 1") == -1
    assert value("1 + 2 * 3 ^ 2") == 19
    assert value("where(not s_ap > 4 and s_ap > 2 or s_ap > 9, 1, 0)") == 1
    assert value("max(s_an) + min(s_an) * 10 + max(s_ap, 7) * 100") == 712
    assert value("step + 10 * batch_size + 100 * margin") == 79
    assert value("1.5e1 + .5 + 2.") == 17.5


text_of_anything = st.text(max_size=60) | st.text(string.printable, max_size=120)
text_of_pieces = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@given(text=text_of_anything | text_of_pieces)
@settings(max_examples=400, deadline=None)
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    with nothing_touched():
        tree = _parsed(text)
        if isinstance(tree, FormulaError):
            assert 1 <= tree.column <= len(text) + 1
            assert len(tree.in_text(text)) < 600
            return
        _assert_within_bounds(tree)
        for value in vars(example_values(text, 0.25, 3, 4)).values():
            assert value is None or np.isfinite(value)


@given(text=formulas())
@settings(max_examples=150, deadline=None)
def test_a_formula_that_is_well_formed_is_accepted_or_too_large(text: str) -> None:
    row = accepted(text)
    with nothing_touched():
        tree = _parsed(row)
        if isinstance(tree, FormulaError):
            assert re.search("at most|too deeply|a finite number", tree.reason)
            return
        _assert_within_bounds(tree)
        collapsed = collapsed_value(row, 0.25)
        assert collapsed is None or np.isfinite(collapsed)
    stored = Formula(kind="formula", row=row, margin=None).model_dump(mode="json")
    assert json.loads(json.dumps(stored))["row"] == row


def _parsed(text: str) -> Node | FormulaError:
    """Not from the cache; what else is raised is a fault."""
    try:
        return parse.__wrapped__(text)
    except FormulaError as error:
        return error


def _assert_within_bounds(tree: Node) -> None:
    assert len(list(nodes(tree))) <= MAX_NODES
    assert tree.depth <= MAX_DEPTH


_heard: list[str] | None = None


def _hear(event: str, _arguments: object) -> None:
    if _heard is not None and event.split(".")[0] in {
        "compile", "exec", "open", "import", "os", "socket", "subprocess", "ctypes",
    }:  # fmt: skip
        _heard.append(event)


sys.addaudithook(_hear)


@contextmanager
def nothing_touched() -> Iterator[None]:
    """No code is compiled or run, no file or socket opened, nothing imported meanwhile."""
    global _heard
    _heard = []
    try:
        yield
        assert _heard == []
    finally:
        _heard = None


def test_the_watch_over_what_is_touched_sees_an_eval() -> None:
    with pytest.raises(AssertionError), nothing_touched():
        compile("1 + 1", "here", "eval")


def test_the_three_batches_tell_what_a_loss_asks_for() -> None:
    hinge = example_values("relu(margin - s_ap + max(s_an))", 0.25, 9, 128)
    assert (hinge.collapsed, hinge.perfect) == (0.25, 0)
    assert hinge.random is not None
    assert 0.35 < hinge.random < 0.6  # the closest of 127 random ones
    broken = example_values("sum(exp(1000 * s_an)) - s_ap", 0.25, 9, 128)
    assert broken.collapsed is None
    masked = example_values("relu(margin - s_ap + count(s_an))", 0.25, 9, 5, "semi_hard")
    assert (masked.collapsed, masked.perfect) == (3.25, 0)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("relu(margin - s_ap + max(s_an))", 0.25),
        ("relu(margin - s_ap + logmeanexp(20 * s_an) / 20)", 0.25),
        ("softplus(max(s_an) - s_ap)", 0.693147181),
        ("relu(margin - s_ap + logsumexp(20 * s_an) / 20)", None),
        ("relu(margin - s_ap + 0.9 * max(s_an))", None),
        ("relu(margin - s_ap + max(s_an)) * step", None),
    ],
)
def test_a_formula_has_a_plateau_where_only_the_collapse_decides_its_value(
    row: str, value: float | None
) -> None:
    assert collapsed_value(row, 0.25) == value
