"""Recipes are whole specs, and a body that names one changes only what it says."""

import copy
from typing import Any

import pytest

from models.errors import Invalid
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES, expand_recipe
from models.specs.terms import ClosestNegative
from models.specs.training import LstmEncoder

from support.expect import expect
from support.published import PUBLISHED, VANILLA, changed


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_a_spec(name: str) -> None:
    assert isinstance(parse_spec(expand_recipe({"recipe": name})), ExperimentSpec)


def test_the_forums_recipe_is_the_published_spec_with_the_weights_of_trax() -> None:
    spec = parse_spec(expand_recipe({"recipe": "hard-negative-mining"}))
    assert spec == parse_spec(changed("/encoder/init", "trax"))


def test_the_notebooks_recipe_is_faithful_in_every_switch() -> None:
    notebook = parse_spec(expand_recipe({"recipe": "course-notebook"}))
    forum = parse_spec(expand_recipe({"recipe": "hard-negative-mining"}))
    encoder = expect(LstmEncoder, notebook.encoder)
    assert (encoder.init, encoder.padding) == ("trax", "power_of_two")
    same = {"encoder": forum.encoder, "name": forum.name}
    assert notebook.model_copy(update=same) == forum


def test_hyper_parameters_and_networks_are_arms_that_differ_in_nothing_else() -> None:
    for recipe, field in (("learning-rates", "optimizer"), ("encoders", "encoder")):
        spec = parse_spec(expand_recipe({"recipe": recipe}))
        trained = [spec.for_arm(arm.name) for arm in spec.arms]
        assert len({getattr(one, field) for one in trained}) == len(trained)
        assert len({(arm.loss, arm.overridden - {field}) for arm in spec.arms}) == 1


def test_the_mining_recipe_puts_one_rule_after_the_other_in_place_of_the_courses() -> None:
    spec = parse_spec(expand_recipe({"recipe": "mining-rules"}))
    forum = parse_spec(expand_recipe({"recipe": "hard-negative-mining"}))
    assert spec.arms[:2] == forum.arms
    assert spec.model_copy(update={"arms": forum.arms, "name": forum.name}) == forum
    kinds = [[term.kind for term in arm.loss.terms] for arm in spec.arms]
    assert kinds[:3] == [["mean_negative", "closest_negative"]] * 3
    assert kinds[3] == ["mean_negative", "distance_weighted"]
    assert kinds[4] == ["mean_negative", "selectively_contrastive"]
    assert kinds[5] == ["multiple_negatives"]
    scheduled = spec.arms[2].loss.terms[1]
    assert isinstance(scheduled, ClosestNegative)
    assert [scheduled.among_at(step) for step in (400, 401)] == ["semi_hard", "all"]


def test_a_body_that_names_a_recipe_changes_only_what_it_says() -> None:
    recipe = {"recipe": "course-notebook"}
    base = expand_recipe(recipe)
    body = expand_recipe({**recipe, "steps": 700, "encoder": {"hidden_dim": 64}})
    assert body == {**base, "steps": 700, "encoder": {**base["encoder"], "hidden_dim": 64}}


def test_another_kind_replaces_what_stood_there() -> None:
    body = expand_recipe({"recipe": "course-notebook", "encoder": {"kind": "bag"}})
    assert body["encoder"] == {"kind": "bag"}
    same_kind = expand_recipe({"recipe": "course-notebook", "encoder": {"kind": "lstm"}})
    assert same_kind == expand_recipe({"recipe": "course-notebook"})


def test_seeds_and_arms_are_replaced_whole() -> None:
    body = expand_recipe(
        {"recipe": "hard-negative-mining-small", "seeds": {"list": [4, 2]}, "arms": [VANILLA]}
    )
    assert body["seeds"] == {"list": [4, 2]}
    assert body["arms"] == [VANILLA]


def test_null_takes_back_what_the_recipe_says() -> None:
    body = {"recipe": "hard-negative-mining-small", "seeds": None, "steps": None}
    spec = parse_spec(expand_recipe(body))
    assert (spec.steps, spec.seeds.values()) == (1400, tuple(range(10)))


def test_expanding_leaves_the_recipe_and_the_body_as_they_were() -> None:
    before = copy.deepcopy(dict(RECIPES))
    body = {"recipe": "course-notebook", "encoder": {"hidden_dim": 3}}
    expand_recipe(body)
    assert dict(RECIPES) == before
    assert body == {"recipe": "course-notebook", "encoder": {"hidden_dim": 3}}


@pytest.mark.parametrize("document", [PUBLISHED, 3, None, []])
def test_a_body_without_a_recipe_is_left_alone(document: Any) -> None:
    assert expand_recipe(document) == document


@pytest.mark.parametrize("name", ["no-such-recipe", 3, None, ["course-notebook"]])
def test_an_unknown_recipe_is_refused_with_those_that_are_known(name: Any) -> None:
    with pytest.raises(Invalid) as raised:
        expand_recipe({"recipe": name})
    [problem] = raised.value.problems
    assert problem.pointer == "/recipe"
    assert "course-notebook" in problem.detail
