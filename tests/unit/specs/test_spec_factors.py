"""Factors become arms: which cells there are, what each trains with, and how mistakes are named."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Invalid
from models.specs.experiment import FACTORIAL, MAX_ARMS, OVERRIDABLE, ExperimentSpec
from models.specs.factors import LARGEST_LEVEL, Level
from models.specs.parse import parse_spec
from models.specs.recipes import RECIPES, expand_recipe
from models.specs.training import LstmEncoder

from support.expect import expect
from support.factors import INIT, MASK, RATE, design_of, factorial, plain_factor
from support.published import MODIFIED, PUBLISHED, VANILLA


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        parse_spec(document)
    return {problem.pointer: problem.detail for problem in raised.value.problems}


def names(spec: ExperimentSpec) -> list[str]:
    return [arm.name for arm in spec.arms]


def changed(levels: dict[str, Any], at: int = 1, factor: Any = INIT) -> dict[str, Any]:
    """The factor with other fields in one of its levels."""
    made = copy.deepcopy(dict(factor))
    made["levels"][at] = {"name": made["levels"][at]["name"], **levels}
    return made


def test_a_full_design_has_every_level_with_every_other_and_the_first_ones_are_the_baseline() -> (
    None
):
    spec = parse_spec(factorial(MASK, INIT))
    assert names(spec) == [
        "mask=left out, init=trax",
        "mask=left out, init=torch",
        "mask=kept, init=trax",
        "mask=kept, init=torch",
    ]
    assert spec.decision.baseline == "mask=left out, init=trax"
    own = spec.for_arm("mask=kept, init=trax")
    assert expect(LstmEncoder, own.encoder).init == "trax"
    assert own.arms[0].loss == parse_spec(PUBLISHED).arms[1].loss


def test_one_at_a_time_changes_one_factor_in_each_cell() -> None:
    spec = parse_spec(factorial(MASK, INIT, RATE, design="one_at_a_time"))
    assert names(spec) == [
        "mask=left out, init=trax, rate=0.01",
        "mask=kept, init=trax, rate=0.01",
        "mask=left out, init=torch, rate=0.01",
        "mask=left out, init=trax, rate=0.003",
        "mask=left out, init=trax, rate=0.03",
    ]


def test_a_cell_trains_with_the_same_bits_as_the_arm_that_a_person_would_write() -> None:
    """Apart from the name: the same spec of one arm, and no trace of the factors in it."""
    spec = parse_spec(factorial(MASK, INIT, encoder={"hidden_dim": 5}))
    by_hand = {"name": "arm", "loss": MODIFIED["loss"], "encoder": {"init": "torch"}}
    arms = [{"name": "first", "loss": VANILLA["loss"]}, by_hand]
    plain = parse_spec({"dataset": "pairs", "encoder": {"hidden_dim": 5}, "arms": arms})
    cell, arm = spec.for_arm("mask=kept, init=torch"), plain.for_arm("arm")
    assert (expect(LstmEncoder, cell.encoder).init, arm.encoder) == ("torch", cell.encoder)
    same = {"arms": arm.arms, "decision": arm.decision}
    assert cell.model_copy(update=same) == arm
    assert not FACTORIAL & cell.model_dump(mode="json").keys()


def test_a_spec_of_arms_is_stored_as_before_there_were_factors() -> None:
    stored = parse_spec(PUBLISHED).model_dump(mode="json")
    assert not FACTORIAL & stored.keys()
    assert json.loads(parse_spec(PUBLISHED).model_dump_json(exclude={"time_limit"})) == {
        name: part for name, part in stored.items() if name != "time_limit"
    }


@pytest.mark.parametrize("more", [{}, {"effects": "with_interactions"}, {"steps": 700}])
def test_the_stored_spec_says_factors_and_cells_and_gives_the_same_again(
    more: dict[str, Any],
) -> None:
    spec = parse_spec(factorial(MASK, INIT, RATE, **more))
    stored = spec.model_dump(mode="json")
    assert [factor["name"] for factor in stored["factors"]] == ["mask", "init", "rate"]
    assert stored["factors"][2]["levels"][1] == {"name": "0.003", "optimizer": {"lr": 0.003}}
    assert len(stored["arms"]) == 12
    assert parse_spec(stored) == spec
    assert parse_spec(json.loads(json.dumps(stored))).model_dump(mode="json") == stored


def test_arms_and_factors_that_contradict_each_other_are_refused_at_both() -> None:
    found = problems(factorial(MASK, INIT, arms=[VANILLA, MODIFIED]))
    assert found.keys() == {"/arms", "/factors"}
    assert "either arms or factors" in found["/arms"]
    stored = parse_spec(factorial(MASK, INIT)).model_dump(mode="json")
    stored["factors"][1]["levels"][1]["encoder"]["init"] = "trax"
    assert problems(stored).keys() == {"/arms", "/factors"}


def test_fields_of_factors_without_factors_are_refused() -> None:
    for field, value in (("design", "full"), ("effects", "main"), ("loss", VANILLA["loss"])):
        assert list(problems({**PUBLISHED, field: value})) == [f"/{field}"]


def test_a_level_may_say_parts_of_the_loss_that_the_spec_gives() -> None:
    margin = {
        "name": "margin",
        "levels": [{"name": f"{m}", "loss": {"margin": m}} for m in (0.25, 0.5)],
    }
    spec = parse_spec(factorial(margin, loss=VANILLA["loss"]))
    assert [arm.loss.margin for arm in spec.arms] == [0.25, 0.5]
    assert {arm.loss.terms for arm in spec.arms} == {parse_spec(PUBLISHED).arms[0].loss.terms}
    plain, kept = (level["loss"] for level in MASK["levels"])
    terms: dict[str, Any] = {"name": "mask", "levels": [
        {"name": "left out", "loss": {"terms": plain["terms"]}},
        {"name": "kept", "loss": {"terms": kept["terms"]}},
    ]}  # fmt: skip
    both = parse_spec(factorial(terms, margin))
    found = [
        (arm["loss"]["margin"], arm["loss"]["terms"][1]["among"])
        for arm in both.model_dump(mode="json")["arms"]
    ]
    assert found == [
        (0.25, "not_harder_than_positive"),
        (0.5, "not_harder_than_positive"),
        (0.25, "all"),
        (0.5, "all"),
    ]


def test_a_cell_without_a_loss_is_refused_where_one_can_be_given() -> None:
    found = problems(factorial(INIT))
    assert list(found) == ["/loss"]
    assert "each cell trains with a loss" in found["/loss"]


def test_two_factors_that_set_one_field_are_refused_at_both() -> None:
    other = {"name": "start", "levels": [{"name": "a"}, {"name": "b", "encoder": {"init": "trax"}}]}
    found = problems(factorial(MASK, INIT, other))
    assert found.keys() == {
        "/factors/1/levels/0/encoder/init",
        "/factors/2/levels/1/encoder/init",
    }
    assert "'start' sets this too" in found["/factors/1/levels/0/encoder/init"]


def test_a_part_of_what_another_factor_sets_is_refused_at_both() -> None:
    network = {
        "name": "network",
        "levels": [{"name": "lstm"}, {"name": "gru", "encoder": {"kind": "gru"}}],
    }
    found = problems(factorial(MASK, INIT, network))
    assert found.keys() == {"/factors/1/levels/0/encoder/init", "/factors/2/levels/1/encoder"}
    # the same kind as the spec's replaces nothing, so only its other keys are set
    same = {
        "name": "width",
        "levels": [{"name": "5", "encoder": {"kind": "lstm", "hidden_dim": 5}}, {"name": "128"}],
    }
    spec = parse_spec(factorial(MASK, INIT, same))
    own = spec.for_arm("mask=kept, init=torch, width=5").encoder
    assert (own.kind, expect(LstmEncoder, own).init) == ("lstm", "torch")


def test_different_parts_of_one_field_belong_to_different_factors_in_any_order() -> None:
    warmup = {
        "name": "warmup",
        "levels": [
            {"name": f"{n}", "optimizer": {"schedule": {"warmup_steps": n}}} for n in (400, 100)
        ],
    }
    one = parse_spec(factorial(MASK, RATE, warmup)).for_arm("mask=kept, rate=0.03, warmup=100")
    other = parse_spec(factorial(MASK, warmup, RATE)).for_arm("mask=kept, warmup=100, rate=0.03")
    assert one.optimizer == other.optimizer
    assert (one.optimizer.lr, one.optimizer.schedule.warmup_steps) == (0.03, 100)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("level", "pointer", "words"),
    [
        ({"encoder": {"init": "jax"}}, "/encoder/init", "input should be 'torch' or 'trax'"),
        ({"encoder": {"hiden_dim": 3}}, "/encoder/hiden_dim", "unknown key"),
        ({"encoder": {"kind": "rnn"}}, "/encoder/kind", "'rnn' is not known"),
        ({"encoder": None}, "/encoder", "null overrides nothing"),
        ({"steps": 0}, "/steps", "greater than or equal to 1"),
        ({"dataset": "other"}, "/dataset", "unknown key"),
        ({"loss": {"terms": []}}, "/loss/terms", "needs 1 or more"),
        ({"optimizer": {"lr": "fast"}}, "/optimizer/lr", "number"),
    ],
)
def test_a_mistake_in_a_level_is_named_there_once(
    level: dict[str, Any], pointer: str, words: str
) -> None:
    first = {"name": "first", "levels": [{"name": "as it is"}, {"name": "changed", **level}]}
    second = plain_factor("second", 3, "batch_size")
    found = problems(factorial(first, second, loss=VANILLA["loss"]))
    assert list(found) == [f"/factors/0/levels/1{pointer}"]
    assert words in found[f"/factors/0/levels/1{pointer}"]


def test_a_mistake_outside_the_factors_is_told_with_those_in_levels() -> None:
    factors = [MASK, changed({"encoder": {"init": "jax"}})]
    document = factorial(*factors, steps=0, encoder={"hidden_dim": 0}, hiden=1)
    assert problems(document).keys() == {
        "/steps", "/encoder/hidden_dim", "/hiden", "/factors/1/levels/1/encoder/init",
    }  # fmt: skip


def test_a_contradiction_of_two_levels_is_named_in_the_one_with_the_field() -> None:
    network = {
        "name": "network",
        "levels": [
            {"name": "lstm"},
            {"name": "tf", "encoder": {"kind": "transformer", "heads": 8}},
        ],
    }
    found = problems(
        factorial(MASK, network, encoder={"kind": "transformer", "embedding_dim": 100})
    )
    assert list(found) == ["/factors/1/levels/1/encoder/heads"]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"factors": []}, ["/factors"]),
        ({"factors": 3}, ["/factors"]),
        ({"factors": [{**MASK, "levels": MASK["levels"][:1]}]}, ["/factors/0/levels"]),
        ({"factors": [{**MASK, "name": "a=b"}]}, ["/factors/0/name"]),
        ({"factors": [MASK, {**INIT, "name": "mask"}]}, ["/factors/1/name"]),
        ({"factors": [MASK, {"name": "x", "levels": [{"name": "1"}, {"name": "1"}]}]},
         ["/factors/1/levels/1/name", "/factors/1/levels"]),
        ({"design": "half"}, ["/design"]),
        ({"effects": "all"}, ["/effects"]),
        ({"design": "one_at_a_time", "effects": "with_interactions"}, ["/effects"]),
        ({"decision": {"baseline": "mask=kept, init=trax"}}, ["/decision/baseline"]),
        ({"factors": [MASK, {"name": "none", "levels": [{"name": "a"}, {"name": "b"}]}]},
         ["/factors/1/levels"]),
    ],
)  # fmt: skip
def test_a_design_that_cannot_be_is_refused_by_its_place(
    changes: dict[str, Any], pointers: list[str]
) -> None:
    assert list(problems({**factorial(MASK, INIT), **changes})) == pointers


def test_a_full_design_has_at_most_64_cells_and_says_how_to_have_fewer() -> None:
    many = [plain_factor(name, 4, field) for name, field in
            (("a", "steps"), ("b", "batch_size"), ("c", "evaluate_every"))]  # fmt: skip
    assert len(parse_spec(factorial(*many, loss=VANILLA["loss"])).arms) == 64
    five = [*many[:2], plain_factor("c", 5, "evaluate_every")]
    [(pointer, detail)] = problems(factorial(*five, loss=VANILLA["loss"])).items()
    assert pointer == "/factors"
    assert "4 x 4 x 5 levels are 80 cells" in detail
    assert "one_at_a_time" in detail
    fewer = factorial(*five, loss=VANILLA["loss"], design="one_at_a_time")
    assert len(parse_spec(fewer).arms) == 11


def test_a_cell_whose_name_would_be_too_long_is_refused_before_it_is_stored() -> None:
    long = {**INIT, "name": "initial weights of the embedding and of the network"}
    detail = problems(factorial(MASK, long))["/factors"]
    assert "more than 64; use shorter names" in detail


def test_arms_that_are_written_by_hand_stay_few() -> None:
    arms = [{**VANILLA, "name": f"arm {n}"} for n in range(MAX_ARMS + 1)]
    assert f"at most {MAX_ARMS}, has 17" in problems({**PUBLISHED, "arms": arms})["/arms"]


def test_a_level_is_no_place_to_hide_a_megabyte() -> None:
    huge = {f"k{n}": 1 for n in range(LARGEST_LEVEL // 5)}
    found = problems(factorial(MASK, changed({"encoder": huge}), RATE))
    assert list(found) == ["/factors/1/levels/1"]


def test_every_field_of_an_arm_can_be_a_level() -> None:
    assert Level.model_fields.keys() == {"name", "loss", *OVERRIDABLE}


def test_the_place_of_a_value_is_the_level_that_sets_it() -> None:
    spec = parse_spec(factorial(MASK, plain_factor("size", 2, "batch_size")))
    assert spec.place_of("mask=kept, size=1", "batch_size") == "/factors/1/levels/1/batch_size"
    assert spec.place_of("mask=kept, size=1", "steps") == "/steps"
    plain = parse_spec({**PUBLISHED, "arms": [VANILLA, {**MODIFIED, "batch_size": 8}]})
    assert plain.place_of("modified", "batch_size") == "/arms/1/batch_size"
    assert plain.place_of("vanilla", "batch_size") == "/batch_size"


def test_factors_replace_the_arms_of_a_recipe_and_arms_its_factors() -> None:
    recipe = {"recipe": "hard-negative-mining-small", "factors": [MASK, INIT]}
    assert len(parse_spec(expand_recipe(recipe)).arms) == 4
    back = {"recipe": "what-matters-most-small", "arms": [VANILLA, MODIFIED]}
    assert parse_spec(expand_recipe(back)).factors is None


def test_the_recipe_asks_the_forums_question_with_two_more_factors() -> None:
    spec = parse_spec(dict(RECIPES["what-matters-most"].spec))
    forum = parse_spec(dict(RECIPES["hard-negative-mining"].spec))
    assert [factor.name for factor in spec.factors or ()] == ["mask", "init", "rate"]
    assert (len(spec.arms), spec.run_count) == (12, 144)
    kinds = [effect.kind for effect in spec.declared_effects]
    assert (kinds.count("main"), kinds.count("interaction")) == (4, 5)
    baseline = spec.for_arm(spec.baseline.name)
    vanilla = forum.for_arm("vanilla")
    assert (baseline.encoder, baseline.optimizer) == (vanilla.encoder, vanilla.optimizer)
    assert spec.baseline.loss == forum.arm("vanilla").loss


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(2, 4), min_size=1, max_size=3),
    st.sampled_from(["main", "with_interactions"]),
)
def test_every_effect_is_a_contrast_that_adds_up_to_nothing(levels: list[int], family: str) -> None:
    """As many cells are added as subtracted, none twice, and other factors are balanced."""
    spec = design_of(*levels, effects=family)
    everything = {arm.name for arm in spec.arms}
    for effect in spec.declared_effects:
        for contrast in effect.contrasts:
            assert len(contrast.added) == len(contrast.subtracted) == effect.settings
        assert len(set(effect.cells)) == len(effect.cells)
        assert set(effect.cells) <= everything
    mains = sum(count - 1 for count in levels)
    pairs = (sum((a - 1) * (b - 1) for i, a in enumerate(levels) for b in levels[:i])
             if family == "with_interactions" else 0)  # fmt: skip
    assert len(spec.declared_effects) == mains + pairs
    assert len({effect.key for effect in spec.declared_effects}) == mains + pairs
