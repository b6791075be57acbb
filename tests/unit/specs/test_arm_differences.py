"""How the arms of a spec differ, in words: what is told, and what is not."""

from typing import Any

import pytest

from models.specs.parse import parse_spec
from models.specs.wording.arm_differences import ArmDifference, arm_differences
from models.specs.wording.terms_in_words import term_formula

from support.factors import INIT, MASK, RATE, factorial
from support.formulas import SAME_BITS
from support.published import MODIFIED, PUBLISHED, VANILLA


def told(*arms: dict[str, Any], **changes: Any) -> dict[str, list[str]]:
    """Each differing field in words, with the words of every arm."""
    found = arm_differences(parse_spec({**PUBLISHED, "arms": list(arms), **changes}))
    return {one.words: [value.words for value in one.values] for one in found}


def with_terms(name: str, *terms: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "loss": {"terms": list(terms), **more}}


def test_only_the_rule_that_differs_is_told_of_the_forums_arms() -> None:
    assert told(VANILLA, MODIFIED) == {
        "negatives of term 2 (closest negative)": ["not harder than the positive", "all of them"]
    }


def test_what_an_arm_overrides_is_told_beside_what_the_other_has_of_the_spec() -> None:
    slow = {**VANILLA, "name": "slow", "optimizer": {"lr": 0.001, "eps": 1e-8}, "steps": 2800}
    same = {**VANILLA, "name": "same", "optimizer": {"lr": 0.01}}
    assert told(VANILLA, slow, same) == {
        "learning rate (optimiser)": ["0.01", "0.001", "0.01"],
        "epsilon (optimiser)": ["0.00001", "0.00000001", "0.00001"],
        "steps": ["1,400", "2,800", "1,400"],
    }


def test_a_term_that_an_arm_lacks_or_has_of_another_kind_is_told_whole_with_its_formula() -> None:
    own = {"kind": "formula", "row": "relu(margin - s_ap + topk(s_an, 3))", "weight": 0.5}
    arms = [
        with_terms("one", {"kind": "mean_negative"}),
        with_terms("other", {"kind": "multiple_negatives", "scale": 5}, own),
    ]
    spec = parse_spec({**PUBLISHED, "arms": arms, "decision": {}})
    first, second = arm_differences(spec)
    assert (first.field, first.words) == ("/loss/terms/0", "term 1")
    assert [one.words for one in first.values] == ["mean negative", "multiple negatives, scale 5"]
    assert [one.formula for one in first.values] == [
        "relu(margin - s_ap + mean(s_an))",
        "cross_entropy(5 * s_ap, 5 * s_an)",
    ]
    assert [one.words for one in second.values] == ["–", f"0.5 × {own['row']}"]
    assert second.values[1].formula == own["row"]


def test_a_field_that_only_another_kind_of_part_has_is_a_dash() -> None:
    bag = {**VANILLA, "name": "bag", "encoder": {"kind": "bag"}}
    found = told(VANILLA, bag)
    assert found["encoder"] == ["LSTM", "bag of words"]
    assert found["hidden width (encoder)"] == ["128", "–"]


def test_a_schedule_of_mining_is_told_by_its_steps() -> None:
    stages = [{"from_step": 1, "among": "semi_hard"}, {"from_step": 1001, "among": "all"}]
    mined = with_terms("mined", {"kind": "closest_negative", "mining": stages})
    found = told(with_terms("all", {"kind": "closest_negative"}), mined, decision={})
    assert found["negatives over the steps of term 1 (closest negative)"] == [
        "none",
        "semi-hard from step 1, all of them from step 1,001",
    ]


def test_of_cells_those_that_differ_in_one_factor_at_most_show_every_level() -> None:
    spec = parse_spec(factorial(MASK, INIT, RATE))
    rate: ArmDifference = next(
        one for one in arm_differences(spec) if one.words == "learning rate (optimiser)"
    )
    assert len(spec.arms) == 12
    assert [one.words for one in rate.values] == ["0.01", "0.003", "0.03", "0.01", "0.01"]


def test_one_arm_differs_from_none() -> None:
    assert told(VANILLA) == {}


@pytest.mark.parametrize("words", SAME_BITS)
def test_the_formula_of_a_term_is_the_one_that_gives_its_bits(words: str) -> None:
    term, formula = SAME_BITS[words]
    assert term_formula(term) == formula["row"]
