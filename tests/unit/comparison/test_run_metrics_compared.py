"""The figures beside the tests, each against a closed form, brute force or another library."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as theirs_mcnemar
from statsmodels.stats.multitest import multipletests

from models.comparison.bca_bootstrap import RESAMPLES, bca_bootstrap
from models.comparison.holm import holm
from models.comparison.mcnemar import mcnemar
from models.comparison.paired_t import t_p
from models.comparison.pairing_gain import pairing_gain
from models.comparison.power import power_analysis
from models.comparison.resampled.pair_sums import packed_rights
from models.comparison.schema import Pair
from models.comparison.summaries import summarise
from models.comparison.superiority import superiority

from support.comparison import between, from_differences

# --- one arm -------------------------------------------------------------------------------------


def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end() -> None:
    found = summarise({seed: value for seed, value in enumerate([9.0, 1, 2, 3, 4, 5, 6, -50])})
    assert found.iqm == (2 + 3 + 4 + 5) / 4
    assert found.points == (9, 1, 2, 3, 4, 5, 6, -50)
    assert summarise({4: 1.0, 2: 7.0}).points == (7, 1)
    assert summarise({0: 1.0, 1: 2.0, 2: 6.0}).iqm == 3
    assert (summarise({}).iqm, summarise({}).points) == (None, ())


# --- the paired difference -----------------------------------------------------------------------


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=9).filter(lambda ds: len(set(ds)) > 1))
def test_the_t_test_is_scipys(differences: list[int]) -> None:
    mean, sd = np.mean(differences), np.std(differences, ddof=1)
    ours = t_p(float(mean), float(sd), len(differences), rounding=0.0)
    assert ours == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=1e-12)


def test_a_difference_without_spread_is_known() -> None:
    assert t_p(1e-17, 0.0, 6, rounding=1e-16) == 1
    assert t_p(1e-3, 0.0, 6, rounding=1e-16) == 0


def test_every_figure_is_of_the_confidence_asked() -> None:
    differences = [0.001 * value for value in (3, -1, 4, 1, -5, 9, 2, 6, 5, 3)]
    found = from_differences(differences, confidence=0.8)
    assert found.bootstrap == bca_bootstrap(differences, found.sd_difference, 0.8)
    assert found.power == power_analysis(found.sd_difference, 10, 0.005, 0.2)
    assert found.superiority is not None
    assert found.superiority.interval.confidence == 0.8


def test_the_p_of_better_is_that_of_the_weaker_test() -> None:
    # one outlier: the signs agree more than the sizes do
    found = from_differences([0.01, 0.011, 0.009, 0.01, 0.012, 0.3])
    assert found.sign_flip_p == 2 / 64
    t = stats.ttest_1samp([0.01, 0.011, 0.009, 0.01, 0.012, 0.3], 0).pvalue
    p = found.multiplicity.p
    assert p == pytest.approx(t)
    assert p is not None
    assert p > 0.1
    close = from_differences([0.01, 0.011, 0.009, 0.01, 0.012, 0.01])
    assert close.multiplicity.p == close.sign_flip_p == 2 / 64


def test_the_bootstrap_interval_is_efrons() -> None:
    differences = stats.expon.rvs(size=14, random_state=3) / 100 - 0.005
    found = bca_bootstrap(differences.tolist(), float(differences.std()), 0.9)
    low, high = bca_by_hand(differences, 0.9)
    width = high - low
    assert found.interval is not None
    assert found.interval.low == pytest.approx(low, abs=0.03 * width)
    assert found.interval.high == pytest.approx(high, abs=0.03 * width)
    # skewed, so the interval is not centred on the mean
    centre = (found.interval.low + found.interval.high) / 2
    assert centre - differences.mean() > 0.05 * width


def bca_by_hand(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Efron 1987: percentiles moved by the bias z0 and the acceleration of the jackknife."""
    draws = np.random.default_rng(77).choice(values, size=(40_000, len(values))).mean(axis=1)
    z0 = stats.norm.ppf(np.mean(draws < values.mean()))
    jackknife = (values.sum() - values) / (len(values) - 1)
    off = jackknife.mean() - jackknife
    acceleration = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    ends = z0 + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(draws, stats.norm.cdf(z0 + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def test_the_bootstrap_is_repeatable_and_keeps_the_unit() -> None:
    differences = [0.001 * value for value in (3, -1, 4, 1, -5, 9, 2, 6, 5, 3)]
    one, two = (bca_bootstrap(differences, 0.004, 0.95) for _ in range(2))
    assert one == two
    tiny = bca_bootstrap([value * 2.0**-900 for value in differences], 2.0**-900, 0.95)
    assert one.interval is not None
    assert tiny.interval is not None
    assert tiny.interval.low == pytest.approx(one.interval.low * 2.0**-900, rel=1e-9)


def test_the_bootstrap_says_why_it_gives_no_interval() -> None:
    few = bca_bootstrap([0.1 * value for value in range(9)], 0.1, 0.95)
    assert (few.interval, few.resamples) == (None, RESAMPLES)
    assert "fewer than 10 pairs" in (few.missing or "")
    assert "no spread" in (bca_bootstrap([0.1] * 12, 0.0, 0.95).missing or "")


# --- P(A > B) ------------------------------------------------------------------------------------


@given(st.integers(0, 12), st.integers(0, 12), st.sampled_from([0.8, 0.95]))
def test_the_share_of_wins_has_clopper_and_pearsons_interval(
    wins: int, losses: int, confidence: float
) -> None:
    n = wins + losses
    found = superiority(
        [0.1] * wins + [-0.2] * losses, higher_is_better=True, rounding=0, confidence=confidence
    )
    if n == 0:
        assert found is None
        return
    assert found is not None
    tail = (1 - confidence) / 2
    low = stats.beta.ppf(tail, wins, losses + 1) if wins else 0.0
    high = stats.beta.ppf(1 - tail, wins + 1, losses) if losses else 1.0
    assert found.share == wins / n
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=1e-9)


def test_ties_are_half_wins_and_an_odd_one_widens_the_interval() -> None:
    found = between({0: 1.0, 1: 1.0, 2: 1.0, 3: 0.5}, {0: 0.5, 1: 1.0, 2: 1.5, 3: 0.0}).superiority
    assert found is not None
    assert (found.wins, found.ties, found.losses, found.share) == (2, 1, 1, 0.625)
    assert found.interval.low == pytest.approx(stats.binomtest(2, 4).proportion_ci(0.95).low)
    assert found.interval.high == pytest.approx(stats.binomtest(3, 4).proportion_ci(0.95).high)
    # 0.3 - 0.2 and 0.1: the difference of the differences is rounding, so this is a tie
    rounded = between({0: 0.1 + 0.2}, {0: 0.3}).superiority
    assert rounded is not None
    assert rounded.ties == 1


def test_no_difference_at_all_is_a_tie() -> None:
    found = superiority([0.0, 0.1], higher_is_better=False, rounding=0.0, confidence=0.95)
    assert found is not None
    assert (found.wins, found.ties, found.losses) == (0, 1, 1)


def test_a_lower_loss_wins() -> None:
    found = between({0: 1.0, 1: 2.0}, {0: 3.0, 1: 4.0}, metric="validation.loss").superiority
    assert found is not None
    assert (found.wins, found.losses, found.share) == (2, 0, 1.0)


# --- pairing -------------------------------------------------------------------------------------


def pairs_of(a: list[float], b: list[float]) -> list[Pair]:
    return [
        Pair(seed=seed, a=x, b=y, difference=x - y)
        for seed, (x, y) in enumerate(zip(a, b, strict=True))
    ]


@pytest.mark.parametrize(
    ("weight", "effect"), [(0.9, "helped"), (0.0, "made no difference"), (-0.9, "hurt")]
)
def test_pairing_is_valued_by_correlation_and_variance(weight: float, effect: str) -> None:
    base = np.array([1.0, -1, 1, -1, 1, -1, 1, -1])
    own = np.array([1.0, 1, -1, -1, 1, 1, -1, -1])  # at right angles to the base
    a, b = 0.7 + base / 100, 0.7 + (weight * base + math.sqrt(1 - weight**2) * own) / 100
    found = pairing_gain(pairs_of(a.tolist(), b.tolist()), float(np.std(a - b, ddof=1)))
    assert found is not None
    assert found.correlation == pytest.approx(np.corrcoef(a, b)[0, 1])
    ratio = np.var(a - b, ddof=1) / (np.var(a, ddof=1) + np.var(b, ddof=1))
    assert found.variance_ratio == pytest.approx(ratio) == pytest.approx(1 - weight)
    assert found.effect == effect
    assert effect in found.sentence
    if weight == 0.9:
        assert "8 paired seeds say as much as 80 unpaired ones" in found.sentence


def test_pairing_has_no_value_without_spread_or_with_two_points() -> None:
    assert pairing_gain(pairs_of([0.1, 0.2], [0.2, 0.4]), 0.1) is None
    assert pairing_gain(pairs_of([0.1, 0.2, 0.3], [0.2, 0.2, 0.2]), 0.1) is None
    exact = pairing_gain(pairs_of([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]), 0.0)
    assert exact is not None
    assert (exact.variance_ratio, exact.effect) == (0, "helped")


# --- several comparisons -------------------------------------------------------------------------


@settings(max_examples=12)  # theirs collects the garbage of the whole process each time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_adjustment_is_that_of_statsmodels(ps: list[float]) -> None:
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1], abs=1e-12)


def test_a_comparison_without_a_p_counts_in_the_family() -> None:
    assert holm([None, 0.01, None, 0.02]) == [None, 0.04, None, 0.06]
    assert holm([]) == []


# --- two networks --------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=150))
def test_mcnemar_is_that_of_statsmodels(rights: list[tuple[bool, bool]]) -> None:
    a, b = np.array(rights).T
    of_a, of_b = (packed_rights(np.stack([side, ~side])) for side in (a, b))
    found, _ = mcnemar([3, 4], of_a, of_b, len(rights))
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    assert found.p == pytest.approx(theirs_mcnemar(table, exact=True).pvalue)
    assert found.seed == 3
    assert found.difference == pytest.approx(a.mean() - b.mean())
    # the standard error of a mean of differences in {-1, 0, 1}
    d = a.astype(int) - b.astype(int)
    assert found.standard_error == pytest.approx(d.std() / math.sqrt(len(d)))
