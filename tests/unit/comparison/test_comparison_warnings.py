"""What makes a comparison say little of the choice: the mark, and what it does to the verdict."""

from dataclasses import replace

import pytest

from models.comparison.compare import compare_family
from models.comparison.comparison_warnings import chance_levels
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison

from support.comparison import GIVES_NO_CLAIM

SEEDS = range(8)
RULE = DecisionRule("test.accuracy", 0.005, 0.95)
ALIKE = ArmValues("vanilla", {seed: 0.442 + seed * 1e-5 for seed in SEEDS})
AS_ALIKE = ArmValues("modified", {seed: 0.442 - seed * 1e-5 for seed in SEEDS})
LEARNED = ArmValues("modified", {seed: 0.74 + seed * 1e-5 for seed in SEEDS})


def compared(
    a: ArmValues, b: ArmValues, chance: float | None = None, awaited: int = 0
) -> Comparison:
    one = ComparisonInput(a, b, RULE, len(SEEDS) + awaited, awaited=awaited, chance=chance)
    return compare_family([one])[0]


def collapsed(arm: ArmValues, *but: int) -> ArmValues:
    return replace(arm, collapsed=frozenset(SEEDS) - set(but))


def test_arms_whose_every_run_collapsed_are_never_equivalent() -> None:
    assert compared(AS_ALIKE, ALIKE).verdict == "equivalent"
    found = compared(collapsed(AS_ALIKE), collapsed(ALIKE), chance=0.558)
    assert found.verdict == "undecided"
    assert [one.kind for one in found.warnings] == ["all_collapsed"]
    assert found.sentence.endswith(found.warnings[0].sentence)
    assert "All 16 runs of both arms ended collapsed" in found.sentence


def test_one_run_that_did_not_collapse_leaves_the_verdict_to_the_rule() -> None:
    found = compared(collapsed(AS_ALIKE, 3), collapsed(ALIKE))
    assert (found.verdict, found.warnings) == ("equivalent", ())


def test_arms_no_better_than_calling_all_pairs_alike_have_a_warning_in_words() -> None:
    found = compared(AS_ALIKE, ALIKE, chance=0.558)
    assert found.verdict == "equivalent"
    assert [one.kind for one in found.warnings] == ["nothing_learned"]
    assert "Neither modified nor vanilla is above 0.5580" in found.sentence
    assert found.sentence.endswith("they have not learned enough to be compared.")


@pytest.mark.parametrize("chance", [None, 0.442])
def test_an_arm_that_learned_something_needs_no_warning(chance: float | None) -> None:
    assert compared(LEARNED, ALIKE, chance=chance).warnings == ()


def test_an_arm_without_a_run_has_not_failed_to_learn() -> None:
    assert compared(ArmValues("modified", {}), ALIKE, chance=0.558).warnings == ()


def test_nothing_is_claimed_while_a_planned_seed_goes_on() -> None:
    for a in (LEARNED, AS_ALIKE):
        assert compared(a, ALIKE).verdict != "undecided"
        found = compared(a, ALIKE, awaited=4)
        assert found.verdict == "undecided"
        assert found.sentence.startswith("8 of 12 planned seeds so far do not decide whether")
        assert not GIVES_NO_CLAIM.search(found.sentence)
        # what was measured stays visible
        assert found.interval is not None


def test_chance_is_known_of_the_metrics_of_the_test_pairs() -> None:
    levels = chance_levels(majority=0.63, duplicates=0.37)
    assert (levels["test.accuracy"], levels["test.average_precision"]) == (0.63, 0.37)
    assert (levels["test.roc_auc"], levels["validation.roc_auc"]) == (0.5, 0.5)
    assert "validation.accuracy" not in levels  # of pairs whose labels are not counted
    assert "validation.loss" not in levels
