"""What makes a comparison say little of the choice: the mark, and what it does to the verdict."""

from dataclasses import replace

import pytest

from models.comparison.compare import compare_family
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.lines import Lines, chance_levels
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison

from support.comparison import GIVES_NO_CLAIM

SEEDS = range(8)
RULE = DecisionRule("test.accuracy", 0.005, 0.95)
ALIKE = ArmValues("vanilla", {seed: 0.442 + seed * 1e-5 for seed in SEEDS})
AS_ALIKE = ArmValues("modified", {seed: 0.442 - seed * 1e-5 for seed in SEEDS})
LEARNED = ArmValues("modified", {seed: 0.74 + seed * 1e-5 for seed in SEEDS})


def compared(
    a: ArmValues,
    b: ArmValues,
    chance: float | None = None,
    awaited: int = 0,
    tf_idf: float | None = None,
    rule: DecisionRule = RULE,
) -> Comparison:
    lines = Lines(chance, tf_idf)
    one = ComparisonInput(a, b, rule, len(SEEDS) + awaited, awaited=awaited, lines=lines)
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


def kinds(found: Comparison) -> list[str]:
    return [one.kind for one in found.warnings]


def test_arms_below_the_untrained_network_of_one_of_them_are_told_so() -> None:
    untrained = replace(ALIKE, untrained=0.75)
    found = compared(replace(LEARNED, untrained=0.5), untrained, chance=0.442)
    assert kinds(found) == ["below_untrained"]
    assert found.sentence.endswith(
        "Neither modified nor vanilla is above 0.7500, which vanilla has before its first step, so "
        "training has gained nothing here."
    )
    assert found.verdict == compared(LEARNED, ALIKE).verdict, "a line moves no verdict"
    # the mean is 0.740035: one arm above the best line is enough
    assert kinds(compared(LEARNED, replace(ALIKE, untrained=0.74))) == []
    assert kinds(compared(LEARNED, replace(ALIKE, untrained=0.74004))) == ["below_untrained"]


def test_arms_below_the_model_that_they_start_from_are_told_so() -> None:
    tuned = replace(LEARNED, zero_shot=0.75, pretrained=True)
    found = compared(tuned, replace(ALIKE, zero_shot=0.76, pretrained=True), chance=0.442)
    assert kinds(found) == ["below_zero_shot"]
    assert found.sentence.endswith(
        "Neither modified nor vanilla is above 0.7600, which the pretrained model of vanilla has "
        "untouched, so training has gained nothing here."
    )
    # of a model and a network that is drawn, each has its own line
    found = compared(tuned, replace(ALIKE, untrained=0.76), chance=0.442)
    assert kinds(found) == ["below_untrained", "below_zero_shot"]
    found = compared(tuned, replace(ALIKE, untrained=0.5), chance=0.442)
    assert kinds(found) == ["below_zero_shot"]
    assert "0.7500, which the pretrained model of modified" in found.sentence


def test_arms_below_the_mean_of_their_token_vectors_are_told_so() -> None:
    toy = replace(LEARNED, untrained=0.5, zero_shot=0.75)
    found = compared(toy, replace(ALIKE, untrained=0.5), chance=0.442)
    assert kinds(found) == ["below_zero_shot"]
    assert found.sentence.endswith(
        "Neither modified nor vanilla is above 0.7500, which the mean of the token vectors of "
        "modified has, so training has gained nothing here."
    )
    assert kinds(compared(replace(toy, zero_shot=0.5), ALIKE, chance=0.442)) == []


def test_arms_below_tf_idf_are_told_so_beside_what_is_below_their_start() -> None:
    found = compared(LEARNED, replace(ALIKE, untrained=0.76), chance=0.442, tf_idf=0.8)
    assert kinds(found) == ["below_untrained", "below_tf_idf"]
    assert "Neither modified nor vanilla is above 0.8000, which the cosine of TF-IDF" in (
        found.sentence
    )
    assert kinds(compared(LEARNED, ALIKE, tf_idf=0.7)) == []
    # who has learned nothing at all is told that alone
    assert kinds(compared(AS_ALIKE, ALIKE, chance=0.558, tf_idf=0.8)) == ["nothing_learned"]


def test_one_kind_of_mistake_alone_has_no_line() -> None:
    """An untrained network that calls all pairs duplicates has a recall of 1."""
    untrained, rule = replace(ALIKE, untrained=1.0), DecisionRule("test.recall", 0.005, 0.95)
    assert kinds(compared(LEARNED, untrained, tf_idf=0.9, rule=rule)) == []


def test_of_a_loss_the_line_is_below_its_arms() -> None:
    rule = DecisionRule("validation.loss", 0.005, 0.95)
    learned = replace(LEARNED, untrained=0.8)
    assert kinds(compared(learned, ALIKE, rule=rule)) == []  # both are below it
    found = compared(learned, replace(ALIKE, untrained=0.4), rule=rule)
    assert kinds(found) == ["below_untrained"]
    assert "is below 0.4, which vanilla has" in found.sentence


def test_chance_is_known_of_the_metrics_of_the_test_pairs() -> None:
    levels = chance_levels(majority=0.63, duplicates=0.37)
    assert (levels["test.accuracy"], levels["test.average_precision"]) == (0.63, 0.37)
    assert (levels["test.roc_auc"], levels["validation.roc_auc"]) == (0.5, 0.5)
    assert "validation.accuracy" not in levels  # of pairs whose labels are not counted
    assert "validation.loss" not in levels
