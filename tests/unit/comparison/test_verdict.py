"""The verdict of a comparison: its rule, its edges, and the sentence that says it."""

import json
import math
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.comparison.evidence import Evidence, gather_evidence
from models.comparison.inputs import ArmValues, ComparisonInput
from models.comparison.rule import DecisionRule, fewest_pairs, is_loss
from models.comparison.schema import Comparison
from models.comparison.verdict import decide
from models.numbers_in_words import MINUS

from support.comparison import GIVES_NO_CLAIM, between, from_differences, metrics, values

# --- the verdict ---------------------------------------------------------------------------------

SPREAD = [0.001, -0.001, 0.0005, -0.0005, 0.0, 0.0]


def test_the_better_arm_depends_on_the_direction_of_the_metric() -> None:
    differences = [0.05 + d for d in SPREAD]
    assert from_differences(differences).verdict == "a_better"
    for metric in ("validation.loss", "validation.baseline_loss", "train.loss"):
        found = from_differences(differences, metric=metric)
        assert (found.verdict, found.higher_is_better) == ("b_better", False)
        assert found.sentence.startswith("vanilla does better than modified, with the lower ")


@pytest.mark.parametrize("metric", ["test.accuracy", "test.roc_auc", "test.gloss", "loss.rank"])
def test_other_metrics_are_better_when_higher(metric: str) -> None:
    assert not is_loss(metric)


def test_a_loss_per_row_is_a_loss_too() -> None:
    assert is_loss("validation.loss_per_row")


def test_a_difference_within_the_margin_is_equivalent_even_when_it_is_real() -> None:
    found = from_differences([0.002 + d / 10 for d in SPREAD])
    assert found.sign_flip_p == 2 / 64
    assert found.verdict == "equivalent"
    assert "can nevertheless be told from zero" in found.sentence
    assert "cannot be told from zero" in from_differences([0.0001 + d for d in SPREAD]).sentence


@pytest.mark.parametrize("n", range(2, 6))
@pytest.mark.parametrize("difference", [0.0, 0.001, 0.3])
def test_fewer_than_six_pairs_are_never_decided(n: int, difference: float) -> None:
    found = from_differences([difference + d / 100 for d in SPREAD[:n]])
    assert found.verdict == "undecided"
    assert "a verdict needs at least 6 seeds" in found.sentence


def test_before_the_first_pair_it_is_said_whether_one_is_still_awaited() -> None:
    awaited = between({}, {}, awaited=6).sentence
    assert awaited.startswith("It is not known yet whether modified and vanilla differ in test")
    over = between({}, {}).sentence
    assert over.startswith("Nothing can be said about whether modified and vanilla differ")
    reason = "no seed has finished in both; a verdict needs at least 6 seeds."
    assert awaited.endswith(reason)
    assert over.endswith(reason)


def test_ninety_nine_percent_needs_eight_pairs_to_call_a_difference() -> None:
    assert [fewest_pairs(alpha) for alpha in (0.1, 0.05, 0.01, 0.001)] == [6, 6, 8, 11]
    seven = from_differences([0.05 + d for d in [*SPREAD, 0.0]], confidence=0.99)
    assert seven.verdict == "undecided"
    assert "cannot reach 0.01 with fewer than 8 seeds" in seven.sentence
    eight = from_differences([0.05 + d for d in [*SPREAD, 0.0, 0.0]], confidence=0.99)
    assert eight.verdict == "a_better"


def evidence(pairs: int, **statistics: Any) -> Evidence:
    """Of so many pairs, with these statistics in place of those of their values."""
    values = dict.fromkeys(range(pairs), 0.5)
    rule = DecisionRule("test.accuracy", equivalence_margin=0.005, confidence=0.95)
    arms = ComparisonInput(ArmValues("modified", values), ArmValues("vanilla", values), rule)
    return replace(gather_evidence(arms), **statistics)


def test_an_interval_without_zero_does_not_suffice_when_signs_disagree() -> None:
    found = evidence(
        pairs=7,
        mean=0.02,
        bounds=(0.001, 0.039),
        sign_flip_p=0.0625,
        tost_p=0.9,
    )
    assert decide(found) == "undecided"


@pytest.mark.parametrize(
    ("tost_p", "sign_flip_p", "verdict"),
    [(0.049, 1.0, "equivalent"), (0.05, 1.0, "undecided"), (0.9, 0.05, "a_better")],
)
def test_the_borders_of_the_rule(tost_p: float, sign_flip_p: float, verdict: str) -> None:
    found = evidence(
        pairs=9,
        mean=0.02,
        bounds=(0.001, 0.039),
        sign_flip_p=sign_flip_p,
        tost_p=tost_p,
    )
    assert decide(found) == verdict


@pytest.mark.parametrize("bounds", [(-0.001, 0.041), (0.0, 0.04)])
def test_signs_that_agree_do_not_suffice_when_the_interval_holds_zero(
    bounds: tuple[float, float],
) -> None:
    found = evidence(
        pairs=9,
        mean=0.02,
        bounds=bounds,
        sign_flip_p=0.01,
        tost_p=0.9,
    )
    assert decide(found) == "undecided"


# --- edges ---------------------------------------------------------------------------------------


def test_without_a_pair_there_are_no_figures() -> None:
    found = between({0: 0.7}, {1: 0.6})
    assert found.pairs == ()
    assert (found.mean_difference, found.sd_difference, found.interval) == (None, None, None)
    assert (found.sign_flip_p, found.equivalence, found.verdict) == (None, None, "undecided")
    assert found.summaries.a.n == found.summaries.b.n == 1
    assert "at least 6 seeds" in found.sentence
    assert between({}, {}).summaries.a.mean is None


def test_one_pair_has_a_difference_and_no_interval() -> None:
    found = between({3: 0.73936}, {3: 0.73965})
    assert found.mean_difference == pytest.approx(-0.00029)
    assert (found.sd_difference, found.interval, found.equivalence) == (None, None, None)
    assert found.sign_flip_p == 1
    assert "modified minus vanilla is −0.0003" in found.sentence


def test_pairs_are_the_shared_seeds_ascending_and_summaries_keep_every_run() -> None:
    found = between({9: 0.5, 2: 0.7, 4: 0.9}, {4: 0.5, 9: 0.25, 1: 0.1})
    assert [pair.seed for pair in found.pairs] == [4, 9]
    assert [pair.difference for pair in found.pairs] == [0.9 - 0.5, 0.25]
    a = found.summaries.a
    assert (a.n, a.median, a.min, a.max) == (3, 0.7, 0.5, 0.9)
    assert a.mean == pytest.approx(0.7)
    assert a.sd == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("difference", "p", "verdict"),
    [(0.0, 0.0, "equivalent"), (0.004, 0.0, "equivalent"), (0.005, 1.0, "a_better")],
)
def test_differences_without_spread_are_handled_exactly(
    difference: float, p: float, verdict: str
) -> None:
    # Decimals on both sides, as 0.3 - 0.2 and 0.2 - 0.1: the differences disagree in their
    # last bits.
    b = {seed: (seed + 1) / 10 for seed in range(6)}
    a = {seed: round(value + difference, 3) for seed, value in b.items()}
    assert difference == 0 or len({a[seed] - b[seed] for seed in b}) > 1
    found = between(a, b)
    assert found.sd_difference == 0
    assert found.interval is not None
    assert found.interval.low == found.interval.high == found.mean_difference
    assert found.equivalence is not None
    assert (found.equivalence.p, found.verdict) == (p, verdict)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("seed", [0, 7])
def test_values_that_are_not_finite_are_refused_paired_or_not(bad: float, seed: int) -> None:
    with pytest.raises(ValueError, match=f"modified, seed {seed}"):
        between({0: 0.5, seed: bad}, {0: 0.5})
    with pytest.raises(ValueError, match=f"vanilla, seed {seed}"):
        between({0: 0.5}, {0: 0.5, seed: bad})


@pytest.mark.parametrize(
    "setting",
    [{"equivalence_margin": margin} for margin in (0.0, -1.0, math.nan, math.inf)]
    + [{"confidence": confidence} for confidence in (0.0, 0.5, 1.0, 95.0, math.nan)],
)
def test_settings_without_meaning_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"margin|confidence"):
        between({0: 0.5}, {0: 0.5}, **setting)


big = st.floats(-1e100, 1e100)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(big, big), max_size=12),
    metrics,
    st.floats(1e-300, 1e100),
    st.floats(0.5, 1, exclude_min=True, exclude_max=True),
)
def test_whatever_is_finite_goes_in_json_and_comes_back(
    rows: list[tuple[float, float]], metric: str, margin: float, confidence: float
) -> None:
    a, b = ({s: row[side] for s, row in enumerate(rows)} for side in (0, 1))
    asked = {"metric": metric, "equivalence_margin": margin, "confidence": confidence}
    found = between(a, b, **asked)
    text = found.model_dump_json()
    assert Comparison.model_validate_json(text) == found
    assert not re.search(r"NaN|Infinity|nan|inf\b", text)


def test_the_document_has_the_fields_of_the_contract() -> None:
    document = json.loads(from_differences([0.01, 0.02]).model_dump_json())
    assert list(document) == [
        *("a", "b", "metric", "higher_is_better", "pairs", "summaries", "mean_difference"),
        *("sd_difference", "interval", "sign_flip_p", "equivalence", "verdict", "sentence"),
        *("warnings", "role", "multiplicity", "bootstrap", "superiority", "pairing", "power"),
        "reach",
        *("collapse", "crossed_bootstrap", "mcnemar"),
    ]
    assert document["pairs"][0] == {"seed": 0, "a": 0.01, "b": 0.0, "difference": 0.01}
    assert set(document["summaries"]["b"]) == {
        *("n", "mean", "sd", "median", "min", "max", "iqm", "points"),
    }
    assert set(document["interval"]) == {"confidence", "low", "high"}
    assert set(document["equivalence"]) == {"margin", "p"}


# --- sentences -----------------------------------------------------------------------------------


@settings(max_examples=150)
@given(
    st.lists(st.tuples(values, values), max_size=14),
    metrics,
    st.sampled_from([1.0, 0.1, 0.001]),
    st.sampled_from([0.8, 0.95, 0.99]),
    st.none() | st.integers(1, 40),
)
def test_an_undecided_sentence_never_reads_as_a_claim(
    rows: list[tuple[float, float]], metric: str, size: float, confidence: float, planned: int
) -> None:
    a, b = ({s: row[side] * size for s, row in enumerate(rows)} for side in (0, 1))
    found = between(a, b, metric=metric, confidence=confidence, expected_pairs=planned)
    text = found.sentence
    if found.verdict == "undecided":
        assert not GIVES_NO_CLAIM.search(text.replace("to call one arm better", ""))
        assert "seed" in text
    assert text.endswith(".")
    assert len(re.findall(r"\.(?!\d)", text)) == 1
    assert "modified" in text
    assert "vanilla" in text


def test_an_undecided_sentence_says_what_is_missing() -> None:
    differences = [0.02, -0.02, 0.01, -0.012, 0.0, 0.004]
    found = from_differences(differences, expected_pairs=10)
    assert found.sentence == (
        "6 of 10 planned seeds cannot tell whether modified and vanilla differ in test "
        "accuracy: modified minus vanilla is 0.0003 on average (95 % interval −0.0149 to 0.0156); "
        "the interval includes both zero and differences as large as the margin 0.005, and more "
        "seeds would narrow it."
    )


def test_signs_that_do_not_agree_are_named_as_what_is_missing() -> None:
    found = from_differences([0.05] * 5 + [-0.001], expected_pairs=6)
    assert found.verdict == "undecided"
    assert found.sentence.startswith("6 seeds cannot tell whether")
    assert "the sign-flip p 0.0625 is above 0.05, so more seeds are needed" in found.sentence


def test_better_says_when_it_may_still_be_less_than_the_margin() -> None:
    wide, clear = [0.004, 0.012] * 4, [0.05 + d for d in SPREAD]
    assert "may still be smaller than the margin 0.005" in from_differences(wide).sentence
    assert "margin" not in from_differences(clear).sentence
    assert "Holm" not in from_differences(clear).sentence


def test_equivalent_shows_the_interval_that_lies_inside_the_margin() -> None:
    found = from_differences([0.0001 + d for d in SPREAD])
    assert found.sd_difference is not None
    half = 2.015048372669157 * found.sd_difference / math.sqrt(6)  # t(0.95, 5)
    low, high = (f"{0.0001 + side * half:.4f}".replace("-", MINUS) for side in (-1, 1))
    assert f"the 90 % interval {low} to {high} lies inside the margin" in found.sentence


def test_numbers_are_written_at_the_precision_of_their_metric() -> None:
    loss = from_differences([12.3456, 12.3456], metric="validation.loss").sentence
    assert "12.35" in loss
    assert "0.1235" in from_differences([0.123456, 0.123456], metric="test.roc_auc").sentence
    assert "is 0.00001," in from_differences([0.00001]).sentence
    assert "test ROC-AUC" in from_differences([0.1], metric="test.roc_auc").sentence
