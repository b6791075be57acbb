"""A learning rate that would still rise at the last step is told before anything is trained."""

from typing import Any

import pytest

from api.experiments.checks.warm_up import warm_up_warnings
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES

from support.api import ARMS, SPEC, ApiForTests

RATE = "/optimizer/lr"
WARM_UP = "/optimizer/schedule/warmup_steps"


def told(api: ApiForTests, **changes: Any) -> list[str]:
    """The sentences of the dry run, which are those of the reply to the POST too."""
    body = {**SPEC, "steps": 300, **changes}
    found = api.http.post("/v1/experiments", params={"dry_run": True}, json=body)
    assert found.status_code == 200, found.text
    accepted = api.http.post("/v1/experiments", json=body).json()
    assert accepted["warnings"] == found.json()["warnings"]
    warnings = found.json()["warnings"]
    return [one["sentence"] for one in warnings if one["kind"] == "long_warm_up"]


def optimizer(warmup: int, kind: str = "warmup_rsqrt") -> dict[str, Any]:
    return {"schedule": {"kind": kind, "warmup_steps": warmup}}


def test_the_default_warm_up_is_told_where_it_takes_all_steps(api: ApiForTests) -> None:
    (sentence,) = told(api)
    assert "rises over 400 steps, and there are 300: the last step has 75 % of" in sentence
    assert "Set `optimizer.schedule.warmup_steps` far below `steps`" in sentence
    assert told(api, steps=1400) == []


def test_a_rate_that_is_reached_at_the_last_step_is_reached(api: ApiForTests) -> None:
    for kind in ("warmup_rsqrt", "warmup_cosine", "linear"):
        assert len(told(api, optimizer=optimizer(300, kind))) == 1
        assert told(api, optimizer=optimizer(299, kind)) == []
    assert told(api, optimizer={"schedule": {"kind": "constant"}}) == []


def test_only_the_arms_are_named_that_warm_up_for_too_long(api: ApiForTests) -> None:
    shorter = {**ARMS[1], "optimizer": optimizer(50)}
    (sentence,) = told(api, arms=[ARMS[0], shorter])
    assert "there are 300, in vanilla: the last step" in sentence
    many = [{**ARMS[0], "name": f"arm {number}"} for number in range(5)]
    (sentence,) = told(api, arms=[*many, shorter])
    assert "there are 300, in 5 of 6 arms: the last step" in sentence


def test_a_tuned_schedule_is_left_to_its_settings(api: ApiForTests) -> None:
    tuning = {"seeds": 1, "choose_by": "validation.roc_auc"}
    assert len(told(api, tuning={**tuning, "grid": {RATE: [0.01, 0.03]}})) == 1
    assert told(api, tuning={**tuning, "grid": {WARM_UP: [50, 100]}}) == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_reaches_its_rate(recipe: str) -> None:
    assert warm_up_warnings(parse_spec(dict(RECIPES[recipe].spec))) == []
