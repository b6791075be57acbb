"""The plan of tuning in a spec: written in, tried on every arm, and refused by its place."""

import json
import re
from typing import Any

import pytest

from models.errors import Invalid
from models.specs.parse import parse_spec, stored_spec
from models.specs.training import AdamSpec, LstmEncoder
from models.specs.tuned_arms import for_run

from support.expect import expect
from support.project import ROOT
from support.published import MINIMAL, MODIFIED, VANILLA

LR, MARGIN = "/optimizer/lr", "/loss/margin"
GRID = {LR: [0.003, 0.01, 0.03], MARGIN: [0.1, 0.25]}
RANGES = {
    LR: {"low": 0.001, "high": 0.1, "scale": "log"},
    "/batch_size": {"low": 32, "high": 512, "scale": "log", "whole": True},
}


def document(tuning: Any, **changes: Any) -> dict[str, Any]:
    return {**MINIMAL, "tuning": tuning, **changes}


def problems(tuning: Any, **changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec(document(tuning, **changes))
    return {problem.pointer: problem.detail for problem in raised.value.problems}


def test_a_grid_is_written_in_as_its_settings_the_last_field_fastest() -> None:
    spec = parse_spec(document({"grid": GRID}))
    tuning = spec.tuning
    assert tuning is not None
    assert spec.tuning_seeds == (9_000_000, 9_000_001, 9_000_002)
    assert tuning.all_settings == (
        {LR: 0.003, MARGIN: 0.1},
        {LR: 0.003, MARGIN: 0.25},
        {LR: 0.01, MARGIN: 0.1},
        {LR: 0.01, MARGIN: 0.25},
        {LR: 0.03, MARGIN: 0.1},
        {LR: 0.03, MARGIN: 0.25},
    )
    assert tuning.choose_by == "validation.roc_auc"


@pytest.mark.parametrize("tuning", [{"grid": GRID}, {"ranges": RANGES, "settings": 7}])
def test_the_stored_spec_is_the_plan_and_posted_back_the_same(tuning: dict[str, Any]) -> None:
    spec = parse_spec(document(tuning))
    stored = json.loads(json.dumps(spec.model_dump(mode="json")))
    assert parse_spec(stored) == stored_spec(stored, "exp_1") == spec
    assert parse_spec(stored).model_dump(mode="json") == stored
    # another client may order the keys of an object as it likes; the order of the plan stays
    turned = {
        **tuning,
        **{k: dict(reversed(v.items())) for k, v in tuning.items() if k != "settings"},
    }
    again = {**stored["tuning"], **turned}
    assert parse_spec({**stored, "tuning": again}).tuning is not None


def test_points_of_ranges_are_the_same_for_the_same_seed_and_fill_the_ranges() -> None:
    tuning = parse_spec(document({"ranges": RANGES, "settings": 16})).tuning
    other = parse_spec(document({"ranges": RANGES, "settings": 16, "seed": 1})).tuning
    assert tuning is not None
    assert other is not None
    settings = tuning.all_settings
    assert len(settings) == 16
    assert settings == parse_spec(document({"ranges": RANGES, "settings": 16})).tuning.all_settings  # type: ignore[union-attr]
    assert settings != other.all_settings
    for setting in settings:
        assert 0.001 <= float(setting[LR]) <= 0.1
        assert isinstance(setting["/batch_size"], int)
        assert 32 <= setting["/batch_size"] <= 512
    # on a log scale a half of the points lies below the geometric middle, of a Sobol net exactly
    assert sum(float(setting[LR]) < 0.01 for setting in settings) == 8


def test_settings_that_were_not_planned_are_refused() -> None:
    planned = [{LR: 0.003}, {LR: 0.5}]
    assert "/tuning/planned" in problems({"grid": {LR: [0.003, 0.01]}, "planned": planned})
    ranges = {LR: {"low": 0.001, "high": 0.1}}
    outside = {"ranges": ranges, "settings": 2, "planned": [{LR: 0.05}, {LR: 0.2}]}
    assert "/tuning/planned" in problems(outside)


def test_the_runs_of_both_phases_are_counted() -> None:
    spec = parse_spec(document({"grid": GRID, "seeds": 2}, seeds={"count": 12}))
    assert (spec.tuning_run_count, spec.run_count) == (24, 48)
    assert (spec.run_count_at_start, spec.fewest_runs) == (24, 48)
    looks = parse_spec(document({"grid": GRID}, seeds={"until_decided": {"min": 6, "max": 10}}))
    assert (looks.run_count_at_start, looks.fewest_runs, looks.run_count) == (36, 48, 56)


@pytest.mark.parametrize(
    ("tuning", "pointer", "words"),
    [
        ({}, "/tuning/grid", "one of the two"),
        ({"grid": GRID, "ranges": RANGES}, "/tuning/grid", "one of the two"),
        ({"ranges": RANGES}, "/tuning/settings", "number of settings"),
        ({"grid": GRID, "settings": 6}, "/tuning/settings", "leave it out"),
        ({"grid": {}}, "/tuning/grid", "needs a field"),
        ({"grid": {LR: [0.01]}}, "/tuning/grid", "gives 1 settings; there may be 2 to 64"),
        (
            {"grid": {LR: [n / 100 for n in range(1, 10)], MARGIN: [n / 10 for n in range(1, 9)]}},
            "/tuning/grid",
            "gives 72 settings; there may be 2 to 64",
        ),
        ({"grid": {LR: [1, 0.5, 1.0]}}, "/tuning/grid/~1optimizer~1lr/2", "listed twice"),
        ({"grid": {LR: [0.1, [0.2]]}}, "/tuning/grid/~1optimizer~1lr/1", "a number, a string"),
        ({"grid": {LR: []}}, "/tuning/grid/~1optimizer~1lr", "needs 1 or more"),
        ({"grid": {"lr": [0.1, 0.2]}}, "/tuning/grid/lr", "JSON pointer into an arm"),
        ({"grid": {"/steps": [1, 2]}}, "/tuning/grid/~1steps", "the same steps"),
        ({"grid": {"/name": ["a", "b"]}}, "/tuning/grid/~1name", "no setting"),
        ({"grid": {"/seeds": [1, 2]}}, "/tuning/grid/~1seeds", "has no field /seeds"),
        ({"grid": {"/loss/marg": [1, 2]}}, "/tuning/grid/~1loss~1marg", "has no field"),
        (
            {"grid": {"/loss/terms/2/weight": [1, 2]}},
            "/tuning/grid/~1loss~1terms~12~1weight",
            "the arm vanilla, merged with the spec, has no field /loss/terms/2/weight",
        ),
        (
            {"grid": {"/encoder": ["lstm", "bag"]}},
            "/tuning/grid/~1encoder/0",
            "in the arm vanilla: ",
        ),
        (
            {"grid": {LR: [0.01, -1], MARGIN: [0.1, 0.2]}},
            "/tuning/grid/~1optimizer~1lr/1",
            "in the arm vanilla: input should be greater than 0",
        ),
        ({"grid": {"/batch_size": [16, 16.5]}}, "/tuning/grid/~1batch_size/1", "valid integer"),
        (
            {"ranges": {LR: {"low": 0.1, "high": 0.01}}, "settings": 4},
            "/tuning/ranges/~1optimizer~1lr/high",
            "must be above low",
        ),
        (
            {"ranges": {LR: {"low": 0, "high": 0.01, "scale": "log"}}, "settings": 4},
            "/tuning/ranges/~1optimizer~1lr/low",
            "above 0",
        ),
        (
            {"ranges": {LR: {"low": 5, "high": 50}}, "settings": 4},
            "/tuning/ranges/~1optimizer~1lr",
            "less than or equal to 10",
        ),
        (
            {"ranges": {"/batch_size": {"low": 2, "high": 4, "whole": True}}, "settings": 8},
            "/tuning/settings",
            "coincide",
        ),
        ({"grid": GRID, "choose_by": "test.accuracy"}, "/tuning/choose_by", "may not choose"),
        (
            {"grid": GRID, "choose_by": "validation.loss"},
            "/tuning/choose_by",
            "a loss is no common yardstick",
        ),
        (
            {"grid": GRID, "choose_by": "validation.baseline_loss"},
            "/tuning/choose_by",
            "a loss is no common yardstick",
        ),
        ({"grid": GRID, "choose_by": "accuracy"}, "/tuning/choose_by", "validation.roc_auc"),
        ({"grid": GRID, "rungs": [0.5]}, "/tuning/rungs", "unknown key"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(tuning: Any, pointer: str, words: str) -> None:
    found = problems(tuning)
    assert pointer in found, found
    assert words in found[pointer]


def test_every_value_that_does_not_fit_is_named_once_with_the_first_arm_that_has_it() -> None:
    with pytest.raises(Invalid) as raised:
        parse_spec(document({"grid": {LR: [-1, 0.01, 11], MARGIN: [0.1, 0.2]}}))
    found = [(one.pointer.rsplit("/", 1)[1], one.detail[:20]) for one in raised.value.problems]
    assert found == [("0", "in the arm vanilla: "), ("2", "in the arm vanilla: ")]


def test_a_field_that_one_arm_lacks_is_refused_with_its_name() -> None:
    bag = {**MODIFIED, "encoder": {"kind": "bag"}}
    found = problems({"grid": {"/encoder/hidden_dim": [32, 64]}}, arms=[VANILLA, bag])
    assert found == {
        "/tuning/grid/~1encoder~1hidden_dim": "the arm modified, merged with the spec, has no "
        "field /encoder/hidden_dim"
    }


def test_values_that_only_contradict_each_other_together_are_told_with_the_setting() -> None:
    grid = {"/encoder/embedding_dim": [64, 66], "/encoder/heads": [2, 4]}
    arms = [{**arm, "encoder": {"kind": "transformer"}} for arm in (VANILLA, MODIFIED)]
    (detail, *_) = problems({"grid": grid}, arms=arms).values()
    assert "66 cannot be divided evenly among 4 heads" in detail


def test_arms_of_different_length_are_not_tuned() -> None:
    found = problems({"grid": GRID}, arms=[VANILLA, {**MODIFIED, "steps": 700}])
    assert found == {
        "/arms/1/steps": "arms that are tuned have the same budget, and vanilla trains for 1400 "
        "steps"
    }


def test_a_seed_of_the_comparison_may_not_be_a_tuning_seed() -> None:
    seeds = {"list": [1, 9_000_001]}
    assert "fresh" in problems({"grid": GRID, "seeds": 2}, seeds=seeds)["/seeds/list/1"]
    assert parse_spec(document({"grid": GRID, "seeds": 1}, seeds=seeds)).tuning is not None


def test_a_run_trains_its_arm_under_its_setting_beside_a_fixed_yardstick() -> None:
    slow = {**MODIFIED, "optimizer": {"eps": 1e-8}}
    spec = parse_spec(document({"grid": GRID}, arms=[VANILLA, slow]))
    for arm in ("vanilla", "modified"):
        run = for_run(spec, arm, 5)
        own = run.for_arm(arm)
        assert (own.optimizer.lr, own.arm(arm).loss.margin) == (0.03, 0.25)
        kept = expect(AdamSpec, spec.for_arm(arm).optimizer).eps
        assert expect(AdamSpec, own.optimizer).eps == kept
        assert own.arm(arm).loss.terms == spec.arm(arm).loss.terms
        run = for_run(spec, arm, 0)
        assert run.for_arm(arm).arm(arm).loss.margin == 0.1
        assert run.baseline.loss == spec.baseline.loss, "one yardstick, whatever the margin"
        assert run.for_arm(run.baseline.name).optimizer == spec.optimizer


def test_without_tuning_a_run_trains_the_spec_itself() -> None:
    spec = parse_spec(MINIMAL)
    assert for_run(spec, "vanilla", 0) is spec


def test_other_fields_of_an_arm_can_be_tuned_too() -> None:
    grid = {"/encoder/hidden_dim": [32, 64], "/loss/terms/1/weight": [0.5, 2]}
    spec = parse_spec(document({"grid": grid}))
    own = for_run(spec, "modified", 3).for_arm("modified")
    assert isinstance(own.encoder, LstmEncoder)
    assert own.encoder.hidden_dim == 64
    assert [term.weight for term in own.arms[0].loss.terms] == [1.0, 2.0]


def test_each_seed_of_the_comparison_may_have_tuning_seeds_of_its_own() -> None:
    tuning = {"grid": GRID, "seeds": 2, "each_seed": True}
    spec = parse_spec(document(tuning, seeds={"list": [7, 3, 11]}))
    assert spec.tuning_groups == {
        7: (9_000_000, 9_000_001),
        3: (9_000_002, 9_000_003),
        11: (9_000_004, 9_000_005),
    }
    assert (spec.tuning_run_count, spec.run_count) == (72, 78)
    assert parse_spec(document({**tuning, "each_seed": False})).tuning_groups == {
        None: (9_000_000, 9_000_001)
    }
    found = problems(tuning, seeds={"until_decided": {"min": 6, "max": 8}})
    assert "would have to be tuned later" in found["/tuning/each_seed"]
    assert "fresh" in problems(tuning, seeds={"list": [1, 9_000_003]})["/seeds/list/1"]


def test_the_whole_spec_of_the_page_on_fair_questions_can_be_sent() -> None:
    text = (ROOT / "docs" / "asking_a_fair_question.md").read_text(encoding="utf-8")
    (whole,) = re.findall(r"```json\n(\{\"name\".*?)```", text, re.DOTALL)
    spec = parse_spec(json.loads(whole))
    assert (spec.tuning_run_count, spec.run_count) == (24, 48)  # as the page says
    assert json.loads(whole)["optimizer"]["schedule"]["warmup_steps"] < spec.steps / 2
