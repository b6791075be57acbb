"""The figures of a comparison against slow obvious code, scipy's own tests and hand computation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.comparison import sign_flip
from models.comparison.paired_t import mean_and_sd
from models.comparison.sign_flip import sign_flip_p
from models.comparison.skewness.short_side import reach_of, strictness_of_tost

from support.comparison import (
    GRID,
    MIRROR,
    arms,
    between,
    counts,
    enumerated_p,
    from_differences,
    metrics,
    values,
)

# --- figures -------------------------------------------------------------------------------------


@given(st.lists(counts, min_size=1, max_size=10), counts)
def test_sign_flip_p_is_the_share_of_all_patterns(differences: list[int], base: int) -> None:
    b = dict.fromkeys(range(len(differences)), base / GRID)
    a = {seed: (base + difference) / GRID for seed, difference in enumerate(differences)}
    assert between(a, b).sign_flip_p == enumerated_p(differences)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=11))
def test_sign_flip_p_counts_ties_of_decimal_fractions(differences: list[int]) -> None:
    assert sign_flip_p([0.1 * d for d in differences]) == enumerated_p(differences)


def test_sign_flip_p_counts_ties_that_large_values_blur() -> None:
    tenths = [3, -2, 1, -1, 2, 1, 2]
    b = {seed: 9000 + seed / 10 for seed in range(len(tenths))}
    a = {seed: round(b[seed] + tenth / 10, 1) for seed, tenth in enumerate(tenths)}
    assert between(a, b, equivalence_margin=50.0).sign_flip_p == enumerated_p(tenths)


@settings(max_examples=30)
@given(st.lists(counts, min_size=2, max_size=9))
def test_sign_flip_p_is_scipys(differences: list[int]) -> None:
    theirs = stats.permutation_test(
        (np.array(differences, dtype=float),),
        np.sum,
        permutation_type="samples",
        n_resamples=np.inf,
    )
    # Theirs is given whole numbers: on fractions that sum to 0 scipy misses ties by rounding.
    # It doubles the smaller tail; where the sum is 0 that is capped at 1, as ours is.
    assert sign_flip_p([d / GRID for d in differences]) == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [20, 21, 40])
def test_sign_flip_p_stays_exact_up_to_forty_pairs(n: int) -> None:
    assert sign_flip_p([0.01] * n) == 2 / 2**n
    ups = [0.01] * (n - 3) + [-0.01] * 3
    assert sign_flip_p(ups) == pytest.approx(2 * stats.binom.cdf(3, n, 0.5), rel=1e-9)


def test_sign_flip_p_of_many_pairs_is_sampled_once_and_never_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sign_flip, "GRID_PAIRS", 0)  # as if they lay on none
    assert sign_flip_p([0.01] * 60) == 1 / 100_000
    differences = [0.3] * 35 + [-0.3] * 25
    exact = 2 * stats.binom.cdf(25, 60, 0.5)
    sampled = sign_flip_p(differences)
    assert sampled == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 99_999))
    assert sampled == sign_flip_p(differences)


@settings(max_examples=30)
@given(arms(min_size=2))
def test_interval_is_that_of_the_paired_t_test(sides: tuple[dict[int, float], ...]) -> None:
    a, b = sides
    found = between(a, b, confidence=0.9)
    assert found.interval is not None
    if found.sd_difference == 0:
        assert found.interval.low == found.interval.high == found.mean_difference
        return
    theirs = stats.ttest_rel(list(a.values()), list(b.values())).confidence_interval(0.9)
    assert found.interval.low == pytest.approx(theirs.low, abs=1e-9)
    assert found.interval.high == pytest.approx(theirs.high, abs=1e-9)


@settings(max_examples=30)
@given(st.lists(values, min_size=2, max_size=12).filter(lambda ds: len(set(ds)) > 1))
def test_tost_p_is_the_larger_of_two_one_sided_t_tests(differences: list[float]) -> None:
    found = from_differences(differences, equivalence_margin=0.25)
    above = stats.ttest_1samp(differences, -0.25, alternative="greater").pvalue
    below = stats.ttest_1samp(differences, 0.25, alternative="less").pvalue
    assert found.equivalence is not None
    # each side ten times where the differences end abruptly on the side of its claim
    strict = strictness_of_tost(reach_of(differences, *mean_and_sd(differences)))
    wanted = min(1.0, max(strict[0] * below, strict[1] * above))
    assert found.equivalence.p == pytest.approx(wanted, abs=1e-8)


def test_the_figures_of_four_pairs_computed_by_hand() -> None:
    # mean 0.02, squared deviations (2, 0, 0, 2)e-4 * 0.5 -> sd = sqrt(2e-4 / 3), se = sd / 2
    found = from_differences([0.01, 0.02, 0.02, 0.03], equivalence_margin=0.03)
    se = math.sqrt(2e-4 / 3) / 2
    assert found.mean_difference == pytest.approx(0.02)
    assert found.sd_difference == pytest.approx(2 * se)
    assert found.interval is not None
    assert found.interval.high == pytest.approx(0.02 + 3.182446305284263 * se)
    # t = 0.01 / se = 2.449490 with 3 degrees: F(t) = 1/2 + (x / (1 + x^2) + atan x) / pi
    x = 0.01 / se / math.sqrt(3)
    assert found.equivalence is not None
    by_hand = 0.5 - (x / (1 + x * x) + math.atan(x)) / math.pi
    assert found.equivalence.p == pytest.approx(by_hand)
    assert found.sign_flip_p == 2 / 16


# --- symmetries ----------------------------------------------------------------------------------


@settings(max_examples=30)
@given(arms(), metrics)
def test_swapping_the_arms_mirrors_every_figure(
    sides: tuple[dict[int, float], ...], metric: str
) -> None:
    a, b = sides if sides else ({}, {})
    one = between(a, b, metric=metric)
    two = between(b, a, metric=metric, a_name="vanilla", b_name="modified")
    if one.mean_difference is not None:
        assert two.mean_difference == -one.mean_difference
    if one.interval is not None and two.interval is not None:
        assert (two.interval.low, two.interval.high) == (-one.interval.high, -one.interval.low)
    assert (one.sd_difference, one.sign_flip_p) == (two.sd_difference, two.sign_flip_p)
    assert one.equivalence == two.equivalence
    assert two.verdict == MIRROR.get(one.verdict, one.verdict)
    assert (one.summaries.a, one.summaries.b) == (two.summaries.b, two.summaries.a)


@settings(max_examples=30)
@given(arms(min_size=6), st.integers(-GRID, GRID))
def test_adding_a_constant_to_both_arms_changes_nothing(
    sides: tuple[dict[int, float], ...], shift: int
) -> None:
    a, b = sides
    one = between(a, b)
    two = between(*({s: v + shift / GRID for s, v in side.items()} for side in (a, b)))
    assert two.mean_difference == pytest.approx(one.mean_difference, abs=1e-12)
    assert two.sd_difference == pytest.approx(one.sd_difference, abs=1e-12)
    assert (two.sign_flip_p, two.verdict) == (one.sign_flip_p, one.verdict)


@settings(max_examples=30)
@given(arms(min_size=6), st.sampled_from([2.0**-30, 0.5, 4.0, 2.0**40]))
def test_changing_the_unit_scales_the_figures_and_keeps_the_verdict(
    sides: tuple[dict[int, float], ...], factor: float
) -> None:
    a, b = sides
    one = between(a, b)
    scaled = ({s: v * factor for s, v in side.items()} for side in (a, b))
    two = between(*scaled, equivalence_margin=0.005 * factor)
    assert one.mean_difference is not None
    assert one.equivalence is not None
    assert two.equivalence is not None
    assert two.mean_difference == pytest.approx(one.mean_difference * factor)
    assert two.equivalence.p == pytest.approx(one.equivalence.p, abs=1e-12)
    assert (two.sign_flip_p, two.verdict) == (one.sign_flip_p, one.verdict)


@settings(max_examples=30)
@given(arms(min_size=2), st.randoms())
def test_the_order_of_the_seeds_does_not_matter(
    sides: tuple[dict[int, float], ...], random: Any
) -> None:
    a, b = sides
    shuffled = list(a)
    random.shuffle(shuffled)
    assert between({s: a[s] for s in shuffled}, b) == between(a, b)
