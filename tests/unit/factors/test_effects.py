"""Effects: contrasts within a seed, judged by the machinery of a comparison."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.comparison.compare import compare
from models.comparison.inputs import ArmRuns, ArmValues
from models.comparison.lines import NO_LINES, Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import Verdict
from models.comparison.sequential.group_sequential import plan, questions
from models.factors.contrasts import awaited_seeds
from models.factors.effects import effect_input, effects_on, judge, largest_first
from models.factors.looks import judged_alone
from models.factors.schema import Effect, Interaction, MainEffect
from models.factors.sentences import what_matters_most
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec

from support.comparison import MIRROR, metrics, values
from support.factors import INIT, MASK, RATE, cells_of, design_of, factorial

RULE = DecisionRule("test.accuracy", 0.005, 0.95)


def judged(
    spec: ExperimentSpec, cells: dict[str, ArmValues], rule: DecisionRule = RULE
) -> list[Effect]:
    return judge([effect_input(one, cells, rule, NO_LINES) for one in spec.declared_effects])


def drawn(spec: ExperimentSpec, seeds: int) -> st.SearchStrategy[dict[str, ArmValues]]:
    each = st.lists(values, min_size=seeds, max_size=seeds)
    return st.fixed_dictionaries({arm.name: each for arm in spec.arms}).map(
        lambda found: cells_of(spec, found)
    )


TWO = design_of(2)
SQUARE = design_of(2, 2, effects="with_interactions")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9).flatmap(lambda seeds: drawn(TWO, seeds)), metrics)
def test_of_one_factor_with_two_levels_the_effect_is_the_comparison_of_two_arms_to_the_bit(
    cells: dict[str, ArmValues], metric: str
) -> None:
    first, second = cells.values()
    (effect,) = judged(TWO, cells, replace(RULE, metric=metric))
    arms = compare(
        second.by_seed, first.by_seed, a_name="a=1", b_name="a=0", metric=metric,
        equivalence_margin=0.005, confidence=0.95,
    )  # fmt: skip
    same = (
        "a", "b", "metric", "higher_is_better", "mean_difference", "sd_difference", "interval",
        "sign_flip_p", "equivalence", "multiplicity", "power", "verdict", "sentence", "role",
    )  # fmt: skip
    for name in same:
        assert getattr(effect, name) == getattr(arms, name), name
    assert [(p.seed, p.difference) for p in effect.pairs] == [
        (p.seed, p.difference) for p in arms.pairs
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 8).flatmap(lambda seeds: drawn(SQUARE, seeds)))
def test_the_differences_are_those_of_the_definition(cells: dict[str, ArmValues]) -> None:
    def at(a: int, b: int, seed: int) -> float:
        return cells[f"a={a}, b={b}"].by_seed[seed]

    def by_hand(factors: str, s: int) -> float:
        if factors == "a":
            return (at(1, 0, s) - at(0, 0, s) + at(1, 1, s) - at(0, 1, s)) / 2
        if factors == "b":
            return (at(0, 1, s) - at(0, 0, s) + at(1, 1, s) - at(1, 0, s)) / 2
        return (at(1, 1, s) - at(0, 1, s)) - (at(1, 0, s) - at(0, 0, s))

    for effect in judged(SQUARE, cells):
        for pair in effect.pairs:
            expected = by_hand(" ".join(effect.factors), pair.seed)
            assert pair.difference == pytest.approx(expected, abs=1e-12)
        if effect.pairs:
            assert effect.mean_difference == pytest.approx(
                math.fsum(pair.difference for pair in effect.pairs) / len(effect.pairs), abs=1e-12
            )


@settings(max_examples=30, deadline=None)
@given(st.integers(6, 8).flatmap(lambda seeds: drawn(SQUARE, seeds)))
def test_swapped_levels_of_a_factor_flip_its_effects_and_leave_the_other(
    cells: dict[str, ArmValues],
) -> None:
    swapped = {f"a={a}, b={b}": cells[f"a={1 - a}, b={b}"] for a, b in product(range(2), range(2))}
    before, after = judged(SQUARE, cells), judged(SQUARE, swapped)
    for one, other in zip(before, after, strict=True):
        sign = -1 if "a" in one.factors else 1
        assert other.mean_difference == pytest.approx(sign * (one.mean_difference or 0), abs=1e-12)
        assert other.sign_flip_p == one.sign_flip_p
        expected = one.verdict if sign == 1 else MIRROR.get(one.verdict, one.verdict)
        assert other.verdict == expected


def test_an_effect_of_two_factors_names_what_it_compares() -> None:
    spec = parse_spec(factorial(MASK, INIT, RATE, effects="with_interactions"))
    cells = {
        arm.name: ArmValues(
            arm.name,
            {
                seed: 0.7
                + 0.02 * ("kept" in arm.name)
                + 0.03 * ("kept" in arm.name and "torch" in arm.name)
                + 0.0001 * ((seed * 7 + index) % 5)
                for seed in range(12)
            },
        )
        for index, arm in enumerate(spec.arms)
    }
    found = {" ".join([*one.factors, one.a]): one for one in judged(spec, cells)}
    main = found["mask mask=kept"]
    assert isinstance(main, MainEffect)
    assert (main.level, main.baseline, main.verdict) == ("kept", "left out", "a_better")
    assert main.mean_difference == pytest.approx(0.035, abs=2e-4)
    assert main.sentence.startswith("mask=kept does better than mask=left out, with the higher")
    assert main.sentence.endswith("That is the mean over the 6 settings of init and rate.")
    assert "by Holm's rule over 9 comparisons" in main.sentence
    both = next(one for name, one in found.items() if name.startswith("mask init"))
    assert isinstance(both, Interaction)
    assert (both.levels, both.baselines) == (("kept", "torch"), ("left out", "trax"))
    assert both.mean_difference == pytest.approx(0.03, abs=4e-4)
    assert both.verdict == "a_better"
    assert both.sentence.startswith("The combination of mask=kept and init=torch does better than "
                                    "the sum of their separate effects")  # fmt: skip
    given_, less = both.simple_effects
    assert (given_.given, less.given) == ("init=torch", "init=trax")
    assert given_.mean_difference == pytest.approx(0.05, abs=4e-4)
    assert less.mean_difference == pytest.approx(0.02, abs=4e-4)
    assert "mask=kept minus mask=left out is +0.05" in both.sentence
    assert "the mean over the 3 settings of rate." in both.sentence


def test_one_at_a_time_an_effect_is_of_the_baseline_and_says_where_the_others_stand() -> None:
    spec = design_of(2, 3, design="one_at_a_time")
    cells = cells_of(spec, {arm.name: [0.7, 0.71] for arm in spec.arms})
    effects = judged(spec, cells)
    assert [one.a for one in effects] == ["a=1", "b=1", "b=2"]
    assert all("is at its first level." in one.sentence for one in effects)


def test_a_seed_counts_only_where_every_cell_of_the_effect_succeeded() -> None:
    cells = cells_of(SQUARE, {arm.name: [0.7, 0.71, 0.72] for arm in SQUARE.arms})
    del cells["a=1, b=1"].by_seed[1]  # type: ignore[attr-defined]
    for effect in judged(SQUARE, cells):
        assert [pair.seed for pair in effect.pairs] == [0, 2]
    one_factor = design_of(3)
    alone = cells_of(one_factor, {arm.name: [0.7, 0.71, 0.72] for arm in one_factor.arms})
    del alone["a=2"].by_seed[1]  # type: ignore[attr-defined]
    assert [len(effect.pairs) for effect in judged(one_factor, alone)] == [3, 2]


def test_holms_family_is_the_declared_effects_and_not_all_pairs_of_cells() -> None:
    main = design_of(2, 2)
    cells = cells_of(main, {
        arm.name: [0.7 + 0.1 * ("a=1" in arm.name) + 0.001 * ((seed + index) % 3)
                   for seed in range(7)]
        for index, arm in enumerate(main.arms)
    })  # fmt: skip
    families = {
        family: {one.multiplicity.family for one in judged(spec, cells)}
        for family, spec in (("main", main), ("with_interactions", SQUARE))
    }
    assert families == {"main": {2}, "with_interactions": {3}}
    by_name = {one.a: one for one in judged(main, cells)}
    # 2 x 2/128 is below 0.05, which 6 comparisons of pairs of cells would not have allowed
    assert by_name["a=1"].multiplicity.holm_p == pytest.approx(2 * 2 / 128)
    assert by_name["a=1"].verdict == "a_better"


def runs_of(values_by_seed: dict[int, float], awaited: Sequence[int] = ()) -> ArmRuns:
    return ArmRuns(
        "cell", {s: {"test.accuracy": v} for s, v in values_by_seed.items()}, {}, None,
        frozenset(awaited),
    )  # fmt: skip


def test_there_is_no_verdict_while_a_seed_of_its_cells_goes_on() -> None:
    cells = {arm.name: runs_of({s: 0.7 + 0.1 * ("a=1" in arm.name) for s in range(8)})
             for arm in SQUARE.arms}  # fmt: skip
    ended = effects_on(SQUARE.declared_effects, ["test.accuracy"], cells, RULE, "primary", 9, {})
    assert {one.verdict for one in ended if one.a == "a=1"} == {"a_better"}
    cells["a=1, b=1"] = runs_of({s: 0.8 for s in range(7)}, awaited=[7])
    waiting = effects_on(SQUARE.declared_effects, ["test.accuracy"], cells, RULE, "primary", 9, {})
    assert {one.verdict for one in waiting} == {"undecided"}
    assert "7 of 9 planned seeds so far do not decide" in waiting[0].sentence
    # a seed of which another cell has failed will never count, so nobody waits for it
    cells["a=0, b=0"] = runs_of({s: 0.7 for s in range(7)})
    assert [awaited_seeds(one, cells) for one in SQUARE.declared_effects] == [0, 0, 0]


def test_the_largest_effect_comes_first_and_one_without_a_seed_last() -> None:
    spec = design_of(4)
    cells = {arm.name: runs_of({s: 0.7 + shift for s in range(8)}) for arm, shift in
             zip(spec.arms, (0, 0.01, -0.05, 0.03), strict=True)}  # fmt: skip
    cells["a=3"] = runs_of({})
    effects = effects_on(spec.declared_effects, ["test.accuracy"], cells, RULE, "primary", 6, {})
    assert [one.a for one in effects] == ["a=2", "a=1", "a=3"]
    said = what_matters_most(effects)
    assert said == (
        "What matters most for test accuracy: a=2 against 0 (−0.0500, worse), then a=1 against 0 "
        "(+0.0100, better). 1 more is smaller or not known yet."
    )
    assert what_matters_most(largest_first(effects, "test.roc_auc")) is None


def collapsed(spec: ExperimentSpec, cells: Sequence[str]) -> dict[str, ArmValues]:
    found = cells_of(spec, {arm.name: [0.4] * 6 for arm in spec.arms})
    return {
        name: replace(one, collapsed=frozenset(one.by_seed)) if name in cells else one
        for name, one in found.items()
    }


def test_effects_of_collapsed_cells_are_undecided_and_say_so() -> None:
    everything = [arm.name for arm in SQUARE.arms]
    for effect in judged(SQUARE, collapsed(SQUARE, everything)):
        assert (effect.verdict, effect.warnings[0].kind) == ("undecided", "all_collapsed")
        assert "All 24 runs of these 4 cells ended collapsed" in effect.sentence
    for effect in judged(SQUARE, collapsed(SQUARE, everything[:3])):
        assert effect.verdict == "equivalent"
        assert not effect.warnings


def test_cells_that_learned_nothing_have_a_warning() -> None:
    cells = cells_of(SQUARE, {arm.name: [0.6] * 6 for arm in SQUARE.arms})
    inputs = [effect_input(one, cells, RULE, Lines(chance=0.62)) for one in SQUARE.declared_effects]
    for effect in judge(inputs):
        assert [one.kind for one in effect.warnings] == ["nothing_learned"]
        assert effect.sentence.endswith("have not learned enough to be compared.")


def test_cells_below_a_line_that_takes_no_training_have_a_warning() -> None:
    cells = cells_of(SQUARE, {arm.name: [0.7] * 6 for arm in SQUARE.arms})
    first = SQUARE.arms[0].name
    cells[first] = replace(cells[first], untrained=0.72)
    lines = Lines(chance=0.62, tf_idf=0.75)
    for effect in judge([effect_input(one, cells, RULE, lines) for one in SQUARE.declared_effects]):
        assert [one.kind for one in effect.warnings] == ["below_untrained", "below_tf_idf"]
        assert f"cells is above 0.7200, which {first} has before" in effect.sentence
        assert "cells is above 0.7500, which the cosine of TF-IDF" in effect.sentence


def test_the_looks_divide_the_error_by_the_declared_effects_and_judge_each() -> None:
    seeds = {"until_decided": {"min": 6, "max": 40}}
    spec = parse_spec(factorial(MASK, INIT, seeds=seeds, effects="with_interactions"))
    assert questions(spec) == ("mask=kept", "init=torch", "mask=kept, init=torch")
    assert plan(spec)[-1].spent == pytest.approx(0.05 / 3)
    cells = cells_of(spec, {arm.name: [0.7 + 0.1 * ("kept" in arm.name)] * 6 for arm in spec.arms})
    verdicts: dict[str, Verdict] = {
        name: judged_alone(spec, name, cells, RULE, NO_LINES).verdict for name in questions(spec)
    }
    assert verdicts == {
        "mask=kept": "a_better",
        "init=torch": "equivalent",
        "mask=kept, init=torch": "equivalent",
    }
