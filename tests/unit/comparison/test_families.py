"""Several comparisons at once: Holm's rule before the word better, and what it leaves alone."""

from typing import Any

from models.comparison.compare import compare_family
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule
from models.comparison.schema import Comparison

from support.comparison import GIVES_NO_CLAIM, between, from_differences

SPREAD = [0.001, -0.001, 0.0005, -0.0005, 0.0, 0.0]


def family_of(*rows: list[float], **changes: Any) -> list[Comparison]:
    """Comparisons of arms whose differences to the baseline are given, as one family."""
    margin = changes.pop("equivalence_margin", 0.005)
    rule = DecisionRule("test.accuracy", margin, 0.95)
    return compare_family(
        [
            ComparisonInput(
                ArmValues(f"arm {number}", dict(enumerate(row))),
                ArmValues("vanilla", dict.fromkeys(range(len(row)), 0.0)),
                rule,
                **changes,
            )
            for number, row in enumerate(rows)
        ]
    )


def test_a_family_of_one_is_the_comparison_alone() -> None:
    differences = [0.05 + d for d in SPREAD]
    (found,) = family_of(differences)
    alone = between(dict(enumerate(differences)), dict.fromkeys(range(6), 0.0), a_name="arm 0")
    assert found == alone
    assert (found.multiplicity.family, found.multiplicity.p) == (1, found.multiplicity.holm_p)


def test_what_is_better_alone_may_be_undecided_among_others() -> None:
    clear, dull = [0.05 + d for d in SPREAD], [0.02, -0.02, 0.01, -0.012, 0.0, 0.004]
    assert from_differences(clear).verdict == "a_better"
    first, second = family_of(clear, dull)
    assert (first.verdict, second.verdict) == ("undecided", "undecided")
    assert first.multiplicity.holm_p == 2 * 2 / 64
    assert "not among 2 comparisons, which takes at least 7 seeds" in first.sentence
    assert not GIVES_NO_CLAIM.search(first.sentence)
    # with eight seeds the smallest p is 2/256, so that two or six comparisons let it pass
    longer = [*clear, 0.05, 0.051]
    first, *_ = family_of(longer, *[[*dull, 0.0, 0.01]] * 5)
    assert first.verdict == "a_better"
    assert "(0.0469 by Holm's rule over 6 comparisons)" in first.sentence
    first, *_ = family_of(longer, *[[*dull, 0.0, 0.01]] * 6)
    assert first.verdict == "undecided"


def test_holms_rule_explains_itself_when_the_seeds_would_suffice() -> None:
    nearly = [0.05, 0.09, 0.04, 0.05, -0.003, 0.05, 0.06, 0.04]  # 4 of 256 patterns reach its sum
    dull = [0.02, -0.02, 0.01, -0.012, 0.0, 0.004, 0.01, -0.01]
    first, *_ = family_of(nearly, dull, dull, dull)
    assert from_differences(nearly).verdict == "a_better"
    assert first.verdict == "undecided"
    assert "not among 4 comparisons: by Holm's rule p is 0.0625, so more" in first.sentence


def test_equivalence_is_judged_for_each_comparison_alone() -> None:
    near = [0.0001 + d for d in SPREAD]
    found = family_of(near, [0.02, -0.02, 0.01, -0.012, 0.0, 0.004])
    assert [one.verdict for one in found] == ["equivalent", "undecided"]


def test_an_arm_that_has_not_ended_counts_in_the_family() -> None:
    first, empty = family_of([0.05 + d for d in SPREAD], [])
    assert (first.verdict, empty.verdict) == ("undecided", "undecided")
    assert "at least 6 seeds, and 7 to call one arm better" in empty.sentence


def test_without_a_margin_nothing_is_equivalent_and_none_is_named() -> None:
    (same,) = family_of([d / 100 for d in SPREAD], equivalence_margin=None)
    assert (same.verdict, same.equivalence) == ("undecided", None)
    assert "both zero and other differences" in same.sentence
    (better,) = family_of([0.05 + d for d in SPREAD], equivalence_margin=None)
    assert better.verdict == "a_better"
    assert "margin" not in better.sentence


def test_a_secondary_metric_is_called_one() -> None:
    (found,) = family_of([0.05 + d for d in SPREAD], role="secondary")
    assert found.role == "secondary"
    assert found.sentence.startswith("As a secondary metric: arm 0 does better than vanilla")
