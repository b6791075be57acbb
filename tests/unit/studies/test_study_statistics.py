"""Every figure of a study against slow plain code, statsmodels, and the rule in its own words."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.oneway import anova_oneway

from models.comparison.compare import adjusted_evidence
from models.comparison.inputs import AS_GIVEN, ArmValues, ComparisonInput, Tuned
from models.comparison.rule import DecisionRule
from models.comparison.verdict import comparison_sentence, decide
from models.states import RunState
from models.studies.schema import StudyComparison
from models.studies.study import Judged, Member, study_comparisons

RULE = DecisionRule("test.accuracy", 0.005, 0.95)
SEEDS = 8

Differences = Sequence[Sequence[float]]
"""Of each data set, a - b under each seed."""


def judged_by(
    differences: Sequence[float],
    rule: DecisionRule = RULE,
    tuned: Tuned | None = None,
    collapsed: bool = False,
) -> Judged:
    seeds = frozenset(range(len(differences))) if collapsed else frozenset()
    a = ArmValues("modified", dict(enumerate(differences)), seeds, tuned)
    b = ArmValues("vanilla", dict.fromkeys(range(len(differences)), 0.0), seeds, tuned)
    (evidence,) = adjusted_evidence([[ComparisonInput(a, b, rule)]])
    verdict = decide(evidence)
    return Judged(evidence, verdict, comparison_sentence(evidence, verdict, ()), ())


def member(number: int, *judged: Judged, state: RunState = RunState.SUCCEEDED) -> Member:
    return Member(f"data {number}", f"exp_{number}", state, judged)


def members_of(every: Differences, rule: DecisionRule = RULE) -> list[Member]:
    return [member(number, judged_by(own, rule)) for number, own in enumerate(every)]


def study_of(every: Differences, rule: DecisionRule = RULE) -> StudyComparison:
    (found,) = study_comparisons(members_of(every, rule), [("modified", "vanilla")], rule)
    return found


def drawn(means: Sequence[float], sd: float = 0.004, seed: int = 1) -> list[list[float]]:
    generator = np.random.default_rng(seed)
    return [list(mean + sd * generator.normal(size=SEEDS)) for mean in means]


def test_every_figure_is_what_plain_arithmetic_gives() -> None:
    every = drawn([0.01, 0.02, 0.014, 0.005, 0.012])
    found, k = study_of(every), 5
    means = [sum(own) / SEEDS for own in every]
    variances = [
        sum((value - mean) ** 2 for value in own) / (SEEDS - 1) / SEEDS
        for own, mean in zip(every, means, strict=True)
    ]
    mean = sum(means) / k
    between = sum((one - mean) ** 2 for one in means) / (k - 1)
    assert found.mean_difference == pytest.approx(mean)
    assert found.sd_difference == pytest.approx(math.sqrt(between))
    assert [one.standard_error for one in found.experiments] == pytest.approx(
        [math.sqrt(variance) for variance in variances]
    )
    half = stats.t.ppf(0.975, k - 1) * math.sqrt(between)
    assert found.interval is not None
    assert found.prediction_interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (mean - half / math.sqrt(k), mean + half / math.sqrt(k))
    )
    assert (found.prediction_interval.low, found.prediction_interval.high) == pytest.approx(
        (mean - half * math.sqrt(1 + 1 / k), mean + half * math.sqrt(1 + 1 / k))
    )
    error = math.sqrt(between / k)
    assert found.equivalence is not None
    assert found.equivalence.p == pytest.approx(stats.t.sf((0.005 - mean) / error, k - 1))
    assert found.multiplicity.p == pytest.approx(2 * stats.t.sf(mean / error, k - 1))
    assert found.heterogeneity is not None
    tau2 = max(0, between - sum(variances) / k)
    assert found.heterogeneity.tau2 == pytest.approx(tau2)
    assert found.heterogeneity.i2 == pytest.approx(tau2 / between)
    assert (found.better_in, found.worse_in, found.ahead_in, found.of) == (4, 0, 5, 5)
    assert found.verdict == "a_better"


def test_the_equal_weights_interval_is_the_t_test_of_scipy() -> None:
    every = drawn([0.01, -0.003, 0.004, 0.02, 0.001, 0.0])
    found = study_of(every)
    test = stats.ttest_1samp([np.mean(own) for own in every], 0)
    low, high = test.confidence_interval(0.95)
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.multiplicity.p == pytest.approx(test.pvalue)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(-500, 500), min_size=3, max_size=9).filter(lambda v: len(set(v)) > 1),
        min_size=4,
        max_size=9,
    )
)
def test_heterogeneity_is_tested_as_welch_does(counts: list[list[int]]) -> None:
    every = [[count / 10_240 for count in own] for own in counts]
    found = study_of(every).heterogeneity
    reference = anova_oneway(
        [np.array(own) for own in every], use_var="unequal", welch_correction=True
    )
    assert found is not None
    assert found.p == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-9)
    assert 0 <= found.i2 <= 1


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_the_weighted_mean_is_that_of_statsmodels_never_narrower_than_without_its_factor(
    spread: float,
) -> None:
    generator = np.random.default_rng(5)
    every = [
        list(spread * generator.normal() + sd * generator.normal(size=SEEDS))
        for sd in (0.001, 0.002, 0.004, 0.004, 0.001)
    ]
    found = study_of(every).weighted
    means = np.array([np.mean(own) for own in every])
    variances = np.array([np.var(own, ddof=1) / SEEDS for own in every])
    reference = combine_effects(means, variances, method_re="iterated", use_t=True)
    assert found is not None
    assert found.mean_difference == pytest.approx(reference.mean_effect_re)
    assert found.tau2 == pytest.approx(reference.tau2, rel=1e-4, abs=1e-12)
    assert found.weights == pytest.approx(reference.weights_rel_re, rel=1e-4)
    plain = reference.conf_int()[1]
    factor = max(1.0, math.sqrt(reference.scale_hksj_re))
    middle, half = sum(plain) / 2, (plain[1] - plain[0]) / 2
    expected = (middle - factor * half, middle + factor * half)
    assert (found.interval.low, found.interval.high) == pytest.approx(expected, rel=1e-4)
    # its variance between data sets solves the equation of Paule and Mandel, or is none
    weights = [1 / (variance + found.tau2) for variance in variances]
    q = sum(w * (m - found.mean_difference) ** 2 for w, m in zip(weights, means, strict=True))
    assert q == pytest.approx(4, rel=1e-3) if found.tau2 else q <= 4


def test_data_sets_that_happen_to_agree_do_not_narrow_the_weighted_interval() -> None:
    every = drawn([0.01] * 5)
    centred = [[value - sum(own) / SEEDS + 0.01 for value in own] for own in every]
    found = study_of(centred).weighted
    variances = [np.var(own, ddof=1) / SEEDS for own in centred]
    half = stats.t.ppf(0.975, 4) / math.sqrt(sum(1 / variance for variance in variances))
    assert found is not None
    assert found.tau2 == 0
    assert (found.interval.low, found.interval.high) == pytest.approx((0.01 - half, 0.01 + half))


def test_a_study_is_equivalent_where_its_mean_lies_inside_the_margin() -> None:
    found = study_of(drawn([0.0005, -0.0004, 0.0001, 0.0008, -0.0006, 0.0]))
    assert found.verdict == "equivalent"
    assert "equivalent in test accuracy within the margin 0.005, over 6 data sets" in found.sentence
    assert "cannot be told from zero" in found.sentence


def test_a_loss_is_better_when_it_is_lower() -> None:
    rule = DecisionRule("validation.baseline_loss", 0.005, 0.95)
    found = study_of(drawn([-0.02, -0.021, -0.018, -0.019]), rule)
    assert (found.verdict, found.better_in, found.ahead_in) == ("a_better", 4, 4)
    assert study_of(drawn([0.02, 0.021, 0.018, 0.019]), rule).verdict == "b_better"


def test_fewer_than_four_data_sets_say_what_cannot_be_said() -> None:
    three = study_of(drawn([0.02, 0.021, 0.019]))
    assert three.verdict == "undecided"
    assert three.interval is not None
    assert three.interval.low > 0, "else it would be undecided anyhow"
    assert three.heterogeneity is None
    assert three.prediction_interval is None
    assert "a study needs at least 4 data sets for a verdict" in three.sentence
    assert [words.partition(":")[0] for words in three.missing] == [
        "No verdict on data sets in general",
        "No heterogeneity and no prediction for another data set",
    ]
    one = study_of(drawn([0.02]))
    assert (one.interval, one.weighted, one.verdict) == (None, None, "undecided")
    assert one.mean_difference == pytest.approx(one.experiments[0].mean_difference)
    assert any("No interval" in words for words in one.missing)
    assert study_of(drawn([0.02, 0.021, 0.019, 0.02])).missing == ()


def test_a_study_without_a_pair_says_nothing() -> None:
    found = study_of([[], [0.01]])
    assert (found.mean_difference, found.of, found.verdict) == (None, 0, "undecided")
    assert found.sentence.startswith("Nothing can be said about whether modified and vanilla")
    assert all("fewer than 2 seeds" in (one.left_out or "") for one in found.experiments)


def test_a_study_that_has_only_begun_waits_and_lacks_nothing_yet() -> None:
    every = [member(n, judged_by([]), state=RunState.RUNNING) for n in range(4)]
    (four,) = study_comparisons(every, [("modified", "vanilla")], RULE)
    (two,) = study_comparisons(every[:2], [("modified", "vanilla")], RULE)
    assert four.sentence.startswith("It is not known yet whether modified and vanilla differ")
    assert four.sentence.endswith("the verdict comes when every experiment has ended.")
    assert four.missing == ()
    assert "a study needs at least 4 data sets for a verdict" in two.sentence
    assert "that needs at least 4, and there are 2" in two.missing[0]
    assert {one.left_out for one in four.experiments} == {
        "not known before 2 seeds have succeeded in both arms"
    }


def test_no_verdict_is_given_while_an_experiment_goes_on() -> None:
    every = members_of(drawn([0.02, 0.021, 0.019, 0.02, 0.021]))
    every[2] = member(2, judged_by(drawn([0.019])[0]), state=RunState.RUNNING)
    (found,) = study_comparisons(every, [("modified", "vanilla")], RULE)
    assert found.verdict == "undecided"
    assert "the verdict comes when every experiment has ended" in found.sentence


def test_what_was_deleted_or_collapsed_does_not_count_and_is_told() -> None:
    every = members_of(drawn([0.02, 0.021, 0.019, 0.02]))
    every.append(Member("gone", None, None, ()))
    every.append(member(5, judged_by([0.0] * SEEDS, collapsed=True)))
    (found,) = study_comparisons(every, [("modified", "vanilla")], RULE)
    assert (found.of, len(found.experiments), found.verdict) == (4, 6, "a_better")
    assert "over 4 of 6 data sets" in found.sentence
    assert "gone does not count: its experiment was deleted." in found.sentence
    assert "data 5 does not count: every run of both arms collapsed." in found.sentence


def test_several_arms_are_one_family() -> None:
    """The second arm alone would be told apart, and is not among three."""
    first, second, third = (
        drawn(means, 0.001, seed)
        for seed, means in enumerate(
            ([0.02, 0.021, 0.019, 0.02], [0.005, 0.022, 0.018, 0.03], [0.0, 0.03, -0.03, 0.01])
        )
    )
    every = [
        member(number, *(judged_by(arm[number]) for arm in (first, second, third)))
        for number in range(4)
    ]
    arms = [("one", "vanilla"), ("two", "vanilla"), ("three", "vanilla")]
    one, two, three = study_comparisons(every, arms, RULE)
    assert two.multiplicity.p is not None
    assert two.multiplicity.p < 0.05 < 2 * two.multiplicity.p
    assert two.multiplicity.holm_p == pytest.approx(2 * two.multiplicity.p)
    assert [found.verdict for found in (one, two, three)] == ["a_better", "undecided", "undecided"]
    assert "by Holm's rule" in two.sentence
    (alone,) = study_comparisons(members_of(second), [("two", "vanilla")], RULE)
    assert alone.verdict == "a_better"


def test_the_sentence_says_how_arms_were_tried_and_whether_the_study_was_planned() -> None:
    def sentence(*tuned: Tuned, planned: bool = True) -> str:
        every = [
            member(number, judged_by(own, tuned=how))
            for number, (own, how) in enumerate(zip(drawn([0.02] * 4), tuned, strict=True))
        ]
        (found,) = study_comparisons(every, [("modified", "vanilla")], RULE, planned=planned)
        return found.sentence

    best = Tuned(settings=6)
    assert "over 4 data sets at one setting:" in sentence(*[AS_GIVEN] * 4)
    assert "over 4 data sets, each arm tuned on each of them:" in sentence(*[best] * 4)
    assert "with arms tuned on some of them" in sentence(best, *[AS_GIVEN] * 3)
    assert "joined after they were made" not in sentence(*[AS_GIVEN] * 4)
    assert "joined after they were made" in sentence(*[AS_GIVEN] * 4, planned=False)


def test_identical_arms_are_equivalent_and_no_figure_is_made_up() -> None:
    found = study_of([[0.0] * SEEDS] * 4)
    assert (found.verdict, found.mean_difference, found.weighted) == ("equivalent", 0.0, None)
    assert found.heterogeneity is not None
    assert (found.heterogeneity.tau2, found.heterogeneity.i2, found.heterogeneity.p) == (0, 0, None)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e90, 1e90), min_size=2, max_size=7), min_size=1, max_size=7),
    st.sampled_from([0.6, 0.95, 1 - 1e-9]),
)
def test_whatever_the_values_the_reply_is_json_and_mirrored_when_arms_change_places(
    every: list[list[float]], confidence: float
) -> None:
    rule = DecisionRule("test.accuracy", 0.005, confidence)
    found = study_of(every, rule)
    mirrored = study_of([[-value for value in own] for own in every], rule)
    found.model_dump_json()
    mirror = {"a_better": "b_better", "b_better": "a_better"}
    assert mirrored.verdict == mirror.get(found.verdict, found.verdict)
    assert (mirrored.better_in, mirrored.worse_in) == (found.worse_in, found.better_in)
