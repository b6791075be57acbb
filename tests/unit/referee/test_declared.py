"""Runs from elsewhere are compared as an experiment's are, and what is left out is said."""

import pytest
from hypothesis import given, settings

from models.comparison.inputs import ArmValues
from models.comparison.rule import DecisionRule
from models.referee.declared import compare_declared
from models.referee.direction import lower_is_better
from models.referee.schema import DeclaredComparison

from support.comparison import arms, between

RULE = DecisionRule("test.accuracy", 0.005, 0.95)


def declared(
    a: dict[int, float], b: dict[int, float], rule: DecisionRule = RULE
) -> DeclaredComparison:
    (found,) = compare_declared([ArmValues("modified", a)], ArmValues("vanilla", b), rule)
    return found


@settings(max_examples=30)
@given(arms(min_size=2))
def test_every_figure_is_that_of_the_comparison_of_an_experiment(
    sides: tuple[dict[int, float], ...],
) -> None:
    a, b = sides
    found, expected = declared(a, b), between(a, b)
    of_ours = found.model_dump(exclude={"sentence", "declared_by", "only_a", "only_b", "left_out"})
    assert of_ours == expected.model_dump(exclude={"sentence"})
    assert found.sentence.startswith(expected.sentence)
    assert found.declared_by == "caller"
    assert found.sentence.endswith("as the caller declared them.")


def test_seeds_of_one_side_are_left_out_and_named() -> None:
    shared = {seed: 0.7 + seed / 1000 for seed in range(6)}
    found = declared({**shared, 9: 0.1}, {**shared, 7: 0.2, 12: 0.3})
    assert (found.only_a, found.only_b) == ((9,), (7, 12))
    assert [pair.seed for pair in found.pairs] == list(range(6))
    for sentence in (
        "The seed that only modified has is left out: 9.",
        "The 2 seeds that only vanilla has are left out: 7, 12.",
    ):
        assert sentence in found.left_out
        assert sentence in found.sentence
    many = declared({**shared, **dict.fromkeys(range(20, 60), 0.5)}, shared)
    assert "20, 21, 22, 23, 24, 25, 26, 27, …" in many.sentence


@pytest.mark.parametrize("common", [0, 1])
def test_too_few_common_seeds_are_refused(common: int) -> None:
    a, b = dict.fromkeys(range(6), 0.7), dict.fromkeys(range(6 - common, 12), 0.7)
    with pytest.raises(ValueError, match="modified and vanilla have (no|1) seed in common"):
        declared(a, b)


def test_the_direction_is_what_the_caller_says() -> None:
    a, b = ({seed: base + seed / 1e5 for seed in range(8)} for base in (0.72, 0.70))
    assert declared(a, b).verdict == "a_better"
    lower = DecisionRule("odd name", 0.005, 0.95, lower_is_better=True)
    found = declared(a, b, lower)
    assert (found.verdict, found.higher_is_better) == ("b_better", False)
    assert "vanilla does better than modified, with the lower odd name" in found.sentence
    higher = DecisionRule("loss of data", 0.005, 0.95, lower_is_better=False)
    assert declared(a, b, higher).verdict == "a_better"


def test_without_a_margin_nothing_is_equivalent() -> None:
    values = {seed: 0.7 + seed / 1000 for seed in range(8)}
    found = declared(values, values, DecisionRule("accuracy", None, 0.95))
    assert (found.verdict, found.equivalence) == ("undecided", None)
    assert "margin" not in found.sentence


def test_several_arms_are_one_family() -> None:
    base = {seed: 0.7 + seed / 1000 for seed in range(8)}
    others = [
        ArmValues(name, {seed: value + gain for seed, value in base.items()})
        for name, gain in (("one", 0.02), ("two", 0.0), ("three", 0.0))
    ]
    found = compare_declared(others, ArmValues("vanilla", base), RULE)
    assert [(one.a, one.b, one.multiplicity.family) for one in found] == [
        ("one", "vanilla", 3), ("two", "vanilla", 3), ("three", "vanilla", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "lower"),
    [
        ("val/loss", True), ("testError", True), ("eval.rmse_mean", True), ("Perplexity", True),
        ("test.accuracy", False), ("roc_auc", False), ("glossary_f1", False), ("value", False),
    ],
)  # fmt: skip
def test_the_name_of_a_metric_says_which_way_is_better(metric: str, lower: bool) -> None:
    assert lower_is_better(metric) is lower
