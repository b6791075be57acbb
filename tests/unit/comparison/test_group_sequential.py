"""Seeds until decided, as a spec: the plan is filled in, checked, and can be carried out."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.comparison.rule import FEWEST_PAIRS, confidence_at
from models.comparison.sequential.group_sequential import plan
from models.errors import Invalid
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec, stored_spec
from models.specs.until_decided import default_looks

from support.published import MINIMAL, MODIFIED

THIRD = {**MODIFIED, "name": "third"}


def spec(changes: dict[str, Any] | None = None, **more: Any) -> ExperimentSpec:
    return parse_spec({**MINIMAL, "seeds": {"until_decided": changes or {}}, **more})


def problem(**changes: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as raised:
        spec(changes)
    (found,) = raised.value.problems
    return found.pointer, found.detail


def test_the_plan_of_looks_is_written_into_the_spec() -> None:
    made = spec({"min": 6, "max": 40})
    stored = made.model_dump(mode="json")
    planned = {"min": 6, "max": 40, "looks": [6, 10, 15, 25, 40], "futility": True}
    assert stored["seeds"] == {"until_decided": planned}
    assert parse_spec(stored) == made == spec()


def test_seeds_start_at_min_and_are_at_most_max() -> None:
    made = spec({"min": 7, "max": 9})
    assert made.seeds.at_start() == tuple(range(7))
    assert made.seeds.values() == tuple(range(9))
    assert (made.run_count_at_start, made.run_count) == (14, 18)


def test_looks_may_be_given() -> None:
    assert [look.pairs for look in plan(spec({"min": 8, "max": 20, "looks": [8, 12, 20]}))] == [
        8,
        12,
        20,
    ]


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({"min": 5}, "/min", "greater than or equal to 6"),
        ({"max": 1001}, "/max", "less than or equal to 1000"),
        ({"min": 10, "max": 9}, "/max", "below min, which is 10"),
        ({"looks": []}, "/looks", "needs a look"),
        ({"looks": [6, 12, 12, 40]}, "/looks/2", "above the look before it, which is 12"),
        ({"looks": [7, 40]}, "/looks/0", "at min, which is 6"),
        ({"looks": [6, 20, 39]}, "/looks/2", "at max, which is 40"),
        ({"looks": [6, 8.5, 40]}, "/looks/1", "integer"),
        ({"looks": list(range(6, 41))}, "/looks", "at most 20"),
        ({"mim": 6}, "/mim", "unknown key"),
        ({"futility": "no"}, "/futility", "boolean"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_place(
    changes: dict[str, Any], pointer: str, words: str
) -> None:
    place, said = problem(**changes)
    assert place == f"/seeds/until_decided{pointer}"
    assert words in said


def test_the_fewest_seeds_are_those_of_the_rule() -> None:
    assert spec({"min": FEWEST_PAIRS}).seeds.at_start()[-1] == FEWEST_PAIRS - 1
    assert problem(min=FEWEST_PAIRS - 1)[0] == "/seeds/until_decided/min"


ranges = st.tuples(st.integers(6, 1000), st.integers(6, 1000)).map(sorted)


@settings(max_examples=60)
@given(ranges)
def test_default_looks_lead_from_min_to_max_and_each_tells_more(ends: list[int]) -> None:
    least, most = ends
    looks = default_looks(least, most)
    assert (looks[0], looks[-1]) == (least, most)
    assert len(looks) <= 5
    assert most == least or len(looks) > 1
    if len(looks) > 2:  # rounded to whole seeds, hence the slack
        assert all(after + 1 > before * math.sqrt(2) for before, after in pairwise(looks))


@settings(max_examples=60)
@given(ranges)
def test_every_default_look_but_the_first_can_call_one_arm_better(ends: list[int]) -> None:
    """The sign-flip p of N pairs is at least 2 / 2^N: below that level a look were pointless."""
    least, most = ends
    looks = plan(spec({"min": least, "max": most}))
    for look in looks[1:]:
        assert 2 / 2.0**look.pairs <= look.level
    if least >= 9 and most <= 100:
        assert 2 / 2.0**least <= looks[0].level


def test_the_error_is_divided_by_the_comparisons_with_the_baseline() -> None:
    two = plan(spec())
    three = plan(spec(arms=[*MINIMAL["arms"], THIRD]))
    assert two[-1].spent == pytest.approx(0.05)
    assert three[-1].spent == pytest.approx(0.025)
    assert three[-1].level < two[-1].level


def test_the_error_is_the_one_that_the_decision_allows() -> None:
    assert plan(spec(decision={"confidence": 0.9}))[-1].spent == pytest.approx(0.1)


def test_every_look_but_the_last_may_stop_for_futility_and_the_levels_know_nothing_of_it() -> None:
    with_it, without = plan(spec()), plan(spec({"futility": False}))
    assert [look.futile_above for look in with_it] == [0.95] * 4 + [None]
    assert {look.futile_above for look in without} == {None}
    assert [replace(look, futile_above=None) for look in with_it] == list(without)


def test_a_plan_that_was_stored_before_there_was_futility_never_stops_for_it() -> None:
    stored = spec().model_dump(mode="json")
    del stored["seeds"]["until_decided"]["futility"]
    read = stored_spec(stored, "exp_1").until_decided
    assert read is not None
    assert not read.futility
    for futility in (True, False):
        made = spec({"futility": futility})
        assert stored_spec(made.model_dump(mode="json"), "exp_1") == made


def test_a_fixed_number_of_seeds_has_no_plan() -> None:
    made = parse_spec(MINIMAL)
    assert plan(made) == ()
    assert made.run_count_at_start == made.run_count == 20


def test_a_level_too_small_for_a_float_still_gives_a_confidence_below_one() -> None:
    assert confidence_at(0.05) == 0.95
    assert 0.9999 < confidence_at(1e-20) < 1
