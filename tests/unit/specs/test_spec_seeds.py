"""What a seed varies, as a spec says it: read, stored, refused, and kept of a recipe."""

from dataclasses import asdict
from typing import Any

import pytest

from models.errors import Invalid
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES, Recipe, expand_recipe
from models.specs.seeds import Draws

from support.published import MINIMAL, MODIFIED, PUBLISHED

ALL = ["initial_weights", "batch_order", "training_rows"]


def seeds_of(seeds: dict[str, Any]) -> Any:
    """The stored seeds of a spec with these."""
    return parse_spec({**MINIMAL, "seeds": seeds}).model_dump(mode="json")["seeds"]


def problems(seeds: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec({**MINIMAL, "seeds": seeds})
    return {problem.pointer: problem.detail for problem in raised.value.problems}


def test_by_default_a_seed_varies_weights_and_order_and_is_stored_as_ever() -> None:
    spec = parse_spec(PUBLISHED)
    assert spec.seeds.draws(7) == Draws(initial_weights=7, batch_order=7, training_rows=None)
    assert spec.model_dump(mode="json")["seeds"] == {"count": 10}
    named = {"count": 10, "vary": ["batch_order", "initial_weights"]}
    assert parse_spec({**PUBLISHED, "seeds": named}) == spec
    assert seeds_of(named) == {"count": 10}


def test_what_is_not_named_is_held_at_the_first_seed_or_the_one_that_is_named() -> None:
    stored = seeds_of({"list": [5, 3], "vary": ["batch_order"]})
    assert stored == {"list": [5, 3], "vary": ["batch_order"], "held_at": 5}
    held = parse_spec({**MINIMAL, "seeds": stored}).seeds
    assert (held.held, held.held_words) == (("initial_weights",), ("initial weights of seed 5",))
    assert held.draws(3) == Draws(initial_weights=5, batch_order=3, training_rows=None)
    rows = seeds_of({"until_decided": {}, "vary": ["training_rows"], "held_at": 9})
    assert parse_spec({**MINIMAL, "seeds": rows}).seeds.draws(3) == Draws(9, 9, 3)
    every = parse_spec({**MINIMAL, "seeds": {"vary": [*reversed(ALL)]}}).seeds
    assert (every.vary, every.held, every.draws(4)) == (tuple(ALL), (), Draws(4, 4, 4))


@pytest.mark.parametrize(
    ("seeds", "pointer", "said"),
    [
        ({"vary": []}, "/seeds/vary", "every run would be the same; name one or more of initial"),
        ({"vary": ["batches"]}, "/seeds/vary/0", "'initial_weights', 'batch_order' or 'training"),
        ({"vary": ["batch_order"] * 2}, "/seeds/vary/1", "batch_order is named twice"),
        ({"vary": None}, "/seeds/vary", "array"),
        ({"count": 3, "held_at": 1}, "/seeds/held_at", "nothing is held: initial weights and"),
        ({"vary": ALL, "held_at": 1}, "/seeds/held_at", "nothing is held"),
        ({"vary": ["batch_order"], "held_at": -1}, "/seeds/held_at", "greater than or equal to 0"),
    ],
)
def test_a_wrong_source_is_refused_at_its_place(
    seeds: dict[str, Any], pointer: str, said: str
) -> None:
    (found,) = problems(seeds).items()
    assert found[0] == pointer
    assert said in found[1]


def test_other_seeds_of_a_recipe_vary_what_its_seeds_do(monkeypatch: pytest.MonkeyPatch) -> None:
    varied = {"count": 12, "vary": ["batch_order"]}
    monkeypatch.setitem(RECIPES, "held", Recipe("held", "", {**MINIMAL, "seeds": varied}))

    def seeds(changes: Any) -> Any:
        return expand_recipe({"recipe": "held", "seeds": changes})["seeds"]

    assert seeds({"list": [4]}) == {"list": [4], "vary": ["batch_order"]}
    assert seeds({"vary": ALL}) == {"count": 12, "vary": ALL}
    assert seeds({"count": 3, "vary": None}) == {"count": 3}
    assert "seeds" not in expand_recipe({"recipe": "held", "seeds": None}), "null removes"
    assert seeds(7) == 7, "which is refused later, at its place"


def test_one_arm_is_told_apart_into_an_arm_for_each_source_that_is_varied() -> None:
    own = {**MODIFIED, "steps": 700}
    document = {**MINIMAL, "arms": [own], "seeds": {"count": 3, "vary": ALL, "tell_apart": True}}
    spec = parse_spec(document)
    names = ["modified", "other initial weights", "other batch order", "other training rows"]
    assert [arm.name for arm in spec.arms] == names
    assert {arm.model_copy(update={"name": ""}) for arm in spec.arms} == {
        spec.arms[0].model_copy(update={"name": ""})
    }
    assert (spec.decision.baseline, spec.run_count, spec.compares_arms) == ("modified", 12, False)
    assert parse_spec(spec.model_dump(mode="json")) == spec
    usual = spec.seeds.draws(2, "modified")
    assert usual == Draws(2, 2, 2)
    for name, source in zip(names[1:], ALL, strict=True):
        drawn = asdict(spec.seeds.draws(2, name))
        assert drawn == {**asdict(usual), source: 2 + 2**31}, "no run has that seed"


def test_a_source_that_is_held_is_not_told_apart() -> None:
    seeds = {"list": [4, 6], "vary": ALL[1:], "tell_apart": True}
    spec = parse_spec({**MINIMAL, "arms": [MODIFIED], "seeds": seeds})
    assert [arm.name for arm in spec.arms[1:]] == ["other batch order", "other training rows"]
    assert spec.seeds.draws(6, "other batch order") == Draws(4, 6 + 2**31, 6)
    assert spec.seeds.draws(6, "other initial weights") == Draws(4, 6, 6), "an arm like any other"
