"""Halving in a spec: at which steps, how many settings go on, its cost, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Invalid
from models.specs.halving import HalvingSpec
from models.specs.parse import parse_spec
from models.specs.tuning_budget import total_steps, tuning_steps, tuning_stops

LR = "/optimizer/lr"


def document(halving: dict[str, Any], **changes: Any) -> dict[str, Any]:
    grid = {LR: [0.001, 0.003, 0.01, 0.03], "/loss/margin": [0.1, 0.2, 0.5]}
    return {
        "dataset": "questions-generated",
        "arms": [
            {"name": name, "loss": {"terms": [{"kind": "mean_negative"}]}} for name in ("a", "b")
        ],
        "steps": 400,
        "evaluate_every": 50,
        "tuning": {"grid": grid, "seeds": 2, "halving": halving},
        "seeds": {"count": 5},
        **changes,
    }


def problem(halving: dict[str, Any], **changes: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_spec(document(halving, **changes))
    (found,) = caught.value.problems
    return found.pointer, found.detail


def test_the_stops_are_validations_and_the_cost_is_that_of_the_settings_that_are_left() -> None:
    spec = parse_spec(document({"at": [0.25, 0.5], "keep": 0.5}))
    assert tuning_stops(spec) == (100, 200, 400)
    each = 12 * 100 + 6 * 100 + 3 * 200  # of one arm under one seed
    assert tuning_steps(spec) == 2 * 2 * each
    assert total_steps(spec) == tuning_steps(spec) + 2 * 5 * 400
    whole = parse_spec(document({"at": [0.25]}, tuning={"grid": {LR: [0.01, 0.03]}}))
    assert (tuning_stops(whole), tuning_steps(whole)) == ((400,), 2 * 3 * 2 * 400)
    near = parse_spec(document({"at": [0.3, 0.9]}))
    assert tuning_stops(near) == (100, 350, 400)


@given(st.integers(1, 64), st.floats(0.01, 0.99), st.integers(1, 6))
def test_at_every_stop_some_settings_go_on_and_never_more_than_before(
    settings: int, keep: float, stops: int
) -> None:
    at = tuple((index + 1) / 8 for index in range(stops))
    left = (settings, *HalvingSpec(at=at, keep=keep).left_after(settings))
    for before, after in zip(left, left[1:], strict=False):
        assert 1 <= after <= before
        assert abs(after - keep * before) < 1


def test_a_third_of_nine_is_three_whatever_the_rounding_of_floats() -> None:
    assert HalvingSpec(at=(0.5,), keep=0.3).left_after(10) == (3,)
    assert HalvingSpec(at=(0.5,), keep=1 / 3).left_after(9) == (3,)


def test_shares_that_are_no_stops_of_their_own_are_refused_at_the_share() -> None:
    assert problem({"at": [0.5, 0.25]}) == (
        "/tuning/halving/at/1",
        "must be above 0.5, the stop before it",
    )
    pointer, detail = problem({"at": [0.1, 0.11]})
    assert pointer == "/tuning/halving/at/1"
    assert "0.11 of 400 steps falls together with 50" in detail
    pointer, detail = problem({"at": [0.25, 0.95]})
    assert pointer == "/tuning/halving/at/1"
    assert "falls together with the end" in detail
    assert problem({"at": [1.0]})[0] == "/tuning/halving/at/0"
    assert problem({"at": []})[0] == "/tuning/halving/at"
    assert problem({"at": [0.5], "keep": 1})[0] == "/tuning/halving/keep"


def test_arms_and_settings_that_are_validated_at_other_steps_are_refused() -> None:
    arms = document({"at": [0.5]})["arms"]
    arms[1]["evaluate_every"] = 25
    pointer, detail = problem({"at": [0.5]}, arms=arms)
    assert pointer == "/arms/1/evaluate_every"
    assert "all arms are validated at the same steps, and a every 50" in detail
    tuning = {"grid": {"/evaluate_every": [10, 50]}, "halving": {"at": [0.5]}}
    pointer, detail = problem({}, tuning=tuning)
    assert pointer == "/tuning/grid/~1evaluate_every"
    assert "every setting is validated at the same steps" in detail
