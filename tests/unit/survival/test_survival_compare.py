"""Two arms that wait: log-rank against statsmodels and textbooks, and what may be claimed."""

import math
import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import survdiff

from models.survival.compare import TwoArms, compare_times, log_rank_p, restricted_difference
from models.survival.kaplan_meier import median_time, restricted_mean, survival_curve
from models.survival.schema import TimeToEvent, TimeToEventComparison
from models.survival.sentences import LEAVE_PLATEAU, REACH_TARGET, arm_sentence, comparison_sentence

from support.comparison import enumerated_p
from support.expect import expect
from support.survival import PLACEBO, TREATED, by_seed, followed, rows, times_of

Rows = list[tuple[int, bool]]
CALLS_EQUAL = re.compile(r"\b(equal|same|identical|equivalent|alike|no difference)\b")
MIRROR = {"a_sooner": "b_sooner", "b_sooner": "a_sooner", "undecided": "undecided"}


def between(
    a: Rows, b: Rows, horizon: int | None = 20, confidence: float = 0.95
) -> TimeToEventComparison:
    arms = TwoArms("modified", "vanilla", by_seed(a), by_seed(b))
    return compare_times([arms], horizon=horizon, confidence=confidence)[0]


def said(a: Rows, b: Rows) -> str:
    return comparison_sentence(between(a, b), LEAVE_PLATEAU, by_seed(a), by_seed(b))


def reached(*steps: int) -> Rows:
    return [(step, True) for step in steps]


# --- log-rank ------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(rows, rows)
def test_log_rank_is_that_of_statsmodels(a: Rows, b: Rows) -> None:
    found = log_rank_p(by_seed(a), by_seed(b))
    times, status = (np.array(column) for column in zip(*a, *b, strict=True))
    group = np.repeat([0, 1], [len(a), len(b)])
    try:
        theirs = float(survdiff(times, status.astype(int), group)[1])
    except np.linalg.LinAlgError:  # where the variance is 0
        theirs = None
    assert found == pytest.approx(theirs, abs=1e-9)


def test_log_rank_of_the_leukaemia_trial_is_the_published_chi_square_of_16_79() -> None:
    p = log_rank_p(by_seed(TREATED), by_seed(PLACEBO))
    assert p is not None
    assert round(stats.chi2.isf(p, 1), 2) == 16.79


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([(9, False)] * 3, [(9, False)] * 3),  # nothing ended
        (reached(4, 4), reached(4)),  # all ended at once
        ([(2, False)], reached(5, 6)),  # nothing ended while both waited
        ([], reached(5, 6)),
    ],
)
def test_log_rank_is_none_where_nothing_can_be_compared(a: Rows, b: Rows) -> None:
    assert log_rank_p(by_seed(a), by_seed(b)) is None
    assert log_rank_p(by_seed(b), by_seed(a)) is None


# --- restricted means ----------------------------------------------------------------------------


def test_the_difference_of_restricted_means_is_by_hand_that_of_the_two_arms() -> None:
    # a: 2, 4 -> mean 3, variance ((2-3)^2 + (4-3)^2) / 2 / 2 = 1/2; b: 6, 10+ -> mean 8, variance 2
    found = restricted_difference(
        by_seed(reached(2, 4)), by_seed([(6, True), (10, False)]), 10, 0.95
    )
    assert found is not None
    assert (found.difference, found.standard_error) == pytest.approx((-5, math.sqrt(2.5)))
    assert found.interval is not None
    half = 1.959963984540054 * math.sqrt(2.5)
    assert (found.interval.low, found.interval.high) == pytest.approx((-5 - half, -5 + half))


def test_the_difference_has_no_interval_without_spread_and_no_value_without_an_arm() -> None:
    found = restricted_difference(by_seed(reached(4, 4)), by_seed(reached(2, 2)), 10, 0.95)
    assert found is not None
    assert (found.difference, found.interval) == (2.0, None)
    assert restricted_difference({}, by_seed(reached(2)), 10, 0.95) is None


# --- pairs ---------------------------------------------------------------------------------------


@settings(max_examples=50)
@given(followed(20), followed(20))
def test_the_paired_figures_are_those_of_the_cut_waits(a: Rows, b: Rows) -> None:
    found = between(a, b, horizon=15)
    differences = [min(x, 15) - min(y, 15) for (x, _), (y, _) in zip(a, b, strict=False)]
    assert [pair.difference for pair in found.pairs] == differences
    assert found.mean_difference == pytest.approx(np.mean(differences))
    assert found.sign_flip_p == pytest.approx(enumerated_p(differences))
    if len(set(differences)) > 1:
        theirs = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        assert found.interval is not None
        assert (found.interval.low, found.interval.high) == pytest.approx(tuple(theirs))
    uncut = [x - y for (x, p), (y, q) in zip(a, b, strict=False) if p and q]
    assert found.both_reached.pairs == len(uncut)
    if uncut:
        assert found.both_reached.mean_difference == pytest.approx(np.mean(uncut))


@settings(max_examples=50)
@given(followed(20), followed(20))
def test_swapping_the_arms_mirrors_every_figure(a: Rows, b: Rows) -> None:
    one, two = between(a, b), between(b, a)
    assert one.mean_difference == -expect(float, two.mean_difference)
    assert (one.sign_flip_p, one.verdict) == (two.sign_flip_p, MIRROR[two.verdict])
    assert one.log_rank_p == pytest.approx(two.log_rank_p)
    assert one.restricted_mean_difference is not None
    assert two.restricted_mean_difference is not None
    assert one.restricted_mean_difference.difference == pytest.approx(
        -two.restricted_mean_difference.difference
    )


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1), st.randoms())
def test_the_order_of_the_seeds_changes_nothing(
    pairs: list[tuple[int, int]], random: random.Random
) -> None:
    sides = [
        {seed: TimeToEvent(pair[i], True, 20) for seed, pair in enumerate(pairs)} for i in (0, 1)
    ]
    seeds = list(range(len(pairs)))
    random.shuffle(seeds)
    shuffled = [{seed: side[seed] for seed in seeds} for side in sides]
    arms = [TwoArms("a", "b", a, b) for a, b in (sides, shuffled)]
    one, other = compare_times(arms, horizon=20, confidence=0.95)
    assert one == other


# --- claims --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [((3, 4, 5), (9, 9, 9)), ((3,) * 5, (9,) * 5)])
def test_fewer_than_six_pairs_claim_nothing(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    # at 90 % five pairs would pass the sign-flip test
    assert between(reached(*a), reached(*b), confidence=0.9).verdict == "undecided"
    assert "at least 6 seeds" in said(reached(*a), reached(*b))


def test_an_arm_that_waits_less_under_six_seeds_is_sooner() -> None:
    a, b = reached(3, 4, 5, 3, 4, 5), reached(9, 9, 11, 8, 9, 9)
    assert (between(a, b).verdict, between(b, a).verdict) == ("a_sooner", "b_sooner")
    assert said(a, b).startswith("modified leaves the plateau sooner than vanilla, over 6 paired")
    assert said(b, a).startswith("vanilla leaves the plateau sooner than modified, over 6 paired")
    assert "modified takes 5.2 steps less than vanilla on average (95 % interval −6" in said(a, b)
    assert "modified takes 5.2 steps more than vanilla on average" in said(b, a)


def test_a_bound_just_beside_zero_is_not_printed_as_zero() -> None:
    # four differences of mean 11.5 and sd 7.2342: the lower bound is 11.5 - 11.5113
    a, b = reached(39, 50, 58, 41), reached(34, 35, 38, 35)
    arms = TwoArms("a", "b", by_seed(a), by_seed(b))
    (found,) = compare_times([arms], horizon=1400, confidence=0.95)
    sentence = comparison_sentence(found, LEAVE_PLATEAU, by_seed(a), by_seed(b))
    assert "11.5 steps more than b on average (95 % interval −0.011 to 23)" in sentence


def test_a_claim_needs_the_sign_flip_test_beside_the_interval() -> None:
    a, b = reached(*[3] * 6), reached(*[9] * 6)
    assert between(a, b).verdict == "a_sooner"
    assert between(a, b, confidence=0.99).verdict == "undecided"  # 2/2^6 is above 0.01


def test_a_claim_needs_the_interval_beside_the_sign_flip_test() -> None:
    found = between(reached(2, 2, 2, 2, 2, 1), reached(3, 3, 3, 3, 3, 20))
    assert found.sign_flip_p == 2 / 2**6
    assert found.interval is not None
    assert found.interval.low < 0 < found.interval.high
    assert found.verdict == "undecided"


@settings(max_examples=50)
@given(followed(20), followed(20))
def test_no_sentence_calls_the_arms_equal_and_each_counts_the_censored(a: Rows, b: Rows) -> None:
    sentence = said(a, b)
    assert not CALLS_EQUAL.search(sentence)
    assert sentence.endswith(".")
    first, second = (f"{sum(not ended for _, ended in arm)} of {len(arm)}" for arm in (a, b))
    assert f"{first} runs of modified and {second} of vanilla are censored" in sentence


def test_without_a_common_seed_nothing_is_said() -> None:
    sentence = said([], reached(5))
    assert sentence.startswith("Nothing can be said about which of modified and vanilla leaves the")
    assert between([], [], horizon=None).sign_flip_p is None


def test_an_arm_says_how_many_got_there_and_when() -> None:
    times = times_of([(4, True), (8, True), (20, False), (20, False)])
    median = median_time(survival_curve(times))
    sentence = arm_sentence("vanilla", REACH_TARGET, times, median, restricted_mean(times, 20, 0.9))
    assert sentence.startswith(
        "vanilla: 2 of 4 runs reached the target loss (2 censored); half had by step 8, and the "
        "mean time within 20 steps is 13 steps (90 % interval "
    )
    assert "half of the runs had not" in arm_sentence(
        "vanilla", REACH_TARGET, times, None, restricted_mean(times, 20, 0.9)
    )
    assert "no run has succeeded" in arm_sentence("vanilla", REACH_TARGET, [], None, None)
