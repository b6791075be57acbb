"""The chance that the last look stays undecided, against a simulation that plays it out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from models.comparison.sequential.futility import LastLook, is_futile, least_of, stays_undecided

PLAYED = 20_000


def played_out(seen: list[float], last: LastLook) -> float:
    """The share of futures after which neither the t test nor TOST claims anything.

    The true mean and sd are drawn from what the differences seen leave open (a flat prior), and
    then the differences to come.
    """
    law = np.random.default_rng(11)
    n, mean, sd = len(seen), float(np.mean(seen)), float(np.std(seen, ddof=1))
    sigma = sd * np.sqrt((n - 1) / law.chisquare(n - 1, PLAYED))
    true_mean = law.normal(mean, sigma / math.sqrt(n))
    to_come = law.normal(true_mean, sigma, (last.pairs - n, PLAYED)).T
    whole = np.concatenate([np.tile(seen, (PLAYED, 1)), to_come], axis=1)
    return float(claims_nothing(whole, last).mean())


def claims_nothing(futures: NDArray[np.float64], last: LastLook) -> NDArray[np.bool_]:
    """Whether t test and TOST, both scipy's, leave each future undecided."""
    assert last.margin is not None

    def p(middle: float, alternative: str) -> NDArray[np.float64]:
        return np.asarray(
            stats.ttest_1samp(futures, middle, axis=1, alternative=alternative).pvalue
        )

    tost = np.maximum(p(-last.margin, "greater"), p(last.margin, "less"))
    return np.asarray(np.minimum(p(0.0, "two-sided"), tost) >= last.level)


@pytest.mark.parametrize(
    ("n", "mean", "margin", "last"),
    [(15, 0.2, 0.2, 40), (25, 0.1, 0.3, 40), (6, 0.8, 0.5, 10), (10, 0.0, 1.0, 11), (25, 0, 1, 40)],
)
def test_the_chance_is_the_share_of_futures_that_end_undecided(
    n: int, mean: float, margin: float, last: int
) -> None:
    seen = np.random.default_rng(n).normal(size=n)
    seen = (seen - seen.mean()) / seen.std(ddof=1) + mean
    at_last = LastLook(last, 0.028, margin)
    found = stays_undecided(mean, 1.0, n, at_last)
    wanted = played_out(seen.tolist(), at_last)
    assert found == pytest.approx(wanted, abs=4 * 0.5 / math.sqrt(PLAYED))


def chance(mean: float, sd: float, n: int, last: LastLook) -> float:
    found = stays_undecided(mean, sd, n, last)
    assert found is not None
    return found


def test_wide_differences_about_zero_are_futile_near_the_end_and_not_at_the_start() -> None:
    last = LastLook(40, 0.028, 0.005)
    assert chance(0.0, 0.05, 25, last) > 0.95
    assert chance(0.0, 0.05, 6, last) < 0.8
    # and where the margin is wide, or the difference clear, the last look will decide
    assert chance(0.0, 0.002, 25, last) < 0.01
    assert chance(0.06, 0.05, 25, last) < 0.01


def test_an_arm_that_can_be_called_nothing_is_sure_to_stay_undecided() -> None:
    assert stays_undecided(1.0, 1.0, 4, LastLook(5, 0.05, 0.1)) == 1.0
    # seven pairs reach no p of 0.01, so a clear difference stays undecided too
    assert chance(10.0, 1.0, 6, LastLook(7, 0.01, 0.1)) == pytest.approx(1)
    assert chance(10.0, 1.0, 6, LastLook(8, 0.01, 0.1)) < 0.05


def test_without_spread_or_pairs_there_is_nothing_to_reckon_with() -> None:
    last = LastLook(10, 0.05, 0.1)
    assert stays_undecided(0.0, 0.0, 6, last) == 0.0
    assert stays_undecided(None, None, 0, last) is None
    assert stays_undecided(0.1, 0.1, 2, last) is None
    assert stays_undecided(0.1, 0.1, 10, last) is None


def test_without_a_margin_only_a_difference_can_end_it() -> None:
    assert chance(0.0, 1.0, 25, LastLook(40, 0.028, None)) == pytest.approx(
        chance(0.0, 1.0, 25, LastLook(40, 0.028, 1e-9)), abs=1e-6
    )


effects = st.floats(-5, 5)
spreads = st.floats(1e-3, 1e3)


@given(effects, spreads, st.integers(3, 30), st.integers(1, 30), st.floats(1e-3, 10), spreads)
def test_the_chance_depends_on_no_unit_and_no_direction(
    mean: float, sd: float, n: int, more: int, margin: float, unit: float
) -> None:
    found = chance(mean * sd, sd, n, LastLook(n + more, 0.03, margin * sd))
    assert 0 <= found <= 1
    assert chance(-mean * sd, sd, n, LastLook(n + more, 0.03, margin * sd)) == pytest.approx(found)
    scaled = LastLook(n + more, 0.03, margin * sd * unit)
    assert chance(mean * sd * unit, sd * unit, n, scaled) == pytest.approx(found, abs=1e-6)


@given(
    st.floats(-1e100, 1e100),
    st.floats(0, 1e100),
    st.integers(3, 1000),
    st.integers(1, 1000),
    st.floats(1e-300, 1e100),
    st.floats(1e-12, 0.49),
)
def test_whatever_is_finite_gives_a_chance(
    mean: float, sd: float, n: int, more: int, margin: float, level: float
) -> None:
    assert 0 <= chance(mean, sd, n, LastLook(n + more, level, margin)) <= 1


def test_all_that_is_left_open_must_be_futile() -> None:
    assert least_of([0.99, 0.96]) == 0.96
    assert least_of([]) is least_of([0.99, None]) is None
    assert is_futile(0.951, 0.95)
    assert not is_futile(0.95, 0.95)
    assert not is_futile(0.99, None)
    assert not is_futile(None, 0.95)
