"""Power and seeds needed, against statsmodels, the reference's figures and a simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from models.comparison.power import (
    detectable_effect,
    pairs_for_equivalence,
    pairs_to_detect,
    power_analysis,
    t_power,
    tost_power,
)


@given(st.integers(2, 60), st.floats(0, 3), st.sampled_from([0.2, 0.05, 0.01]))
def test_the_power_of_the_t_test_is_statsmodels(n: int, effect: float, alpha: float) -> None:
    theirs = TTestPower().power(effect, n, alpha)
    if math.isfinite(theirs):  # theirs is NaN for many effects of 3.5 errors and more
        assert t_power(effect, n, alpha) == pytest.approx(theirs, abs=2e-4 if n < 4 else 2e-5)


def test_power_goes_on_where_the_noncentral_t_gives_up() -> None:
    powers = [t_power(effect, 6, 0.05) for effect in np.linspace(0, 20, 60)]
    assert powers == sorted(powers)
    assert powers[-1] == pytest.approx(1)


@pytest.mark.parametrize(("n", "difference"), [(5, 84), (10, 50), (20, 33), (30, 26)])
def test_the_detectable_difference_is_that_of_the_reference(n: int, difference: int) -> None:
    assert round(0.005 * detectable_effect(n, 0.05) * 10_000) == difference


def test_the_seeds_needed_are_those_of_the_reference() -> None:
    assert (pairs_to_detect(0.4, 0.05), pairs_to_detect(0.2, 0.05)) == (52, 199)
    needed = [pairs_for_equivalence(0.005 / sd, 0.05) for sd in (0.003, 0.005, 0.007)]
    assert needed == [5, 11, 19]
    solved = TTestPower().solve_power(effect_size=0.4, alpha=0.05, power=0.8)
    assert pairs_to_detect(0.4, 0.05) == math.ceil(solved)
    assert pairs_to_detect(1e-3, 0.05) is pairs_for_equivalence(1e-3, 0.05) is None


@pytest.mark.parametrize(("n", "effect"), [(6, 1.5), (11, 1.0), (20, 0.6)])
def test_the_power_of_equivalence_is_what_a_simulation_finds(n: int, effect: float) -> None:
    values = np.random.default_rng(5).normal(size=(40_000, n))
    reach = abs(values.mean(axis=1)) + stats.t.ppf(0.95, n - 1) * values.std(
        axis=1, ddof=1
    ) / math.sqrt(n)
    assert tost_power(effect, n, 0.05) == pytest.approx(np.mean(reach < effect), abs=0.01)


def test_power_names_no_fewer_seeds_than_a_verdict_needs() -> None:
    sharp = power_analysis(0.0001, 8, 0.005, 0.05)
    assert sharp is not None
    assert (sharp.seeds_for_margin, sharp.seeds_for_equivalence) == (6, 6)
    strict = power_analysis(0.0001, 8, 0.005, 0.01)
    assert strict is not None
    assert (strict.seeds_for_margin, strict.seeds_for_equivalence) == (8, 6)


def test_power_is_silent_where_it_knows_nothing() -> None:
    assert power_analysis(0.005, 2, 0.005, 0.05) is None
    assert power_analysis(0.0, 9, 0.005, 0.05) is None
    six = power_analysis(0.005, 6, 0.005, 0.05)
    assert six is not None
    assert six.detectable_difference == pytest.approx(0.00717, abs=1e-5)
    early = power_analysis(0.005, 5, 0.005, 0.05)
    assert early is not None
    assert (early.detectable_difference, early.seeds_for_equivalence) == (None, 11)
    unmeasured = power_analysis(0.005, 10, None, 0.05)
    assert unmeasured is not None
    assert (unmeasured.seeds_for_margin, unmeasured.seeds_for_equivalence) == (None, None)
    assert unmeasured.detectable_difference == pytest.approx(0.00498, abs=1e-5)
