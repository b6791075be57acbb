"""Alpha spending: published boundaries, the planned error by simulation, and the order of looks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from models.comparison.sequential.alpha_spending import boundaries, nominal_levels, spent_by

FIFTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
looks = st.lists(st.integers(6, 200), min_size=1, max_size=6, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("spent", "published"),
    [
        # Lan and DeMets 1983, O'Brien-Fleming type: each side spends 2 - 2 Phi(z(alpha/4) / sqrt t)
        (
            [4 * norm.sf(norm.isf(0.05 / 4) / math.sqrt(t)) for t in FIFTHS],
            (4.8769, 3.3569, 2.6803, 2.2898, 2.0310),
        ),
        # Pocock type: alpha ln(1 + (e - 1) t)
        (
            [0.05 * math.log(1 + (math.e - 1) * t) for t in FIFTHS],
            (2.4380, 2.4268, 2.4101, 2.3966, 2.3859),
        ),
    ],
)
def test_the_boundaries_are_the_published_ones(
    spent: list[float], published: tuple[float, ...]
) -> None:
    assert boundaries(FIFTHS, spent) == pytest.approx(published, abs=1.5e-4)


def test_two_looks_spend_what_the_bivariate_normal_says() -> None:
    pairs, alpha = (9, 16), 0.05
    first, second = (norm.isf(level / 2) for level in nominal_levels(pairs, alpha))
    correlation = math.sqrt(9 / 16)
    law = multivariate_normal(cov=[[1, correlation], [correlation, 1]])
    stays = law.cdf([first, second], lower_limit=[-first, -second])
    assert 1 - stays == pytest.approx(alpha, abs=1e-6)


def test_a_single_look_gets_the_whole_error() -> None:
    assert nominal_levels((40,), 0.05) == pytest.approx((0.05,))


def test_the_error_is_spent_in_proportion_to_the_pairs() -> None:
    assert spent_by((10, 20, 40), 0.04) == pytest.approx((0.01, 0.02, 0.04))


@settings(max_examples=30)
@given(looks, st.sampled_from([0.001, 0.01, 0.05, 0.4]))
def test_every_level_lies_between_what_its_look_spends_and_the_whole_error(
    pairs: list[int], alpha: float
) -> None:
    levels, spent = nominal_levels(pairs, alpha), spent_by(pairs, alpha)
    for level, before, after in zip(levels, (0.0, *spent), spent, strict=False):
        assert (after - before) * (1 - 1e-9) <= level <= alpha * (1 + 1e-9)


def test_the_looks_together_cross_as_often_as_planned_on_either_side_or_both() -> None:
    pairs, alpha, draws = (6, 10, 15, 25, 40), 0.05, 200_000
    levels = nominal_levels(pairs, alpha)
    sums = np.random.default_rng(0).normal(size=(draws, 40)).cumsum(axis=1)
    z = sums[:, np.array(pairs) - 1] / np.sqrt(pairs)
    noise = 3 * math.sqrt(alpha * (1 - alpha) / draws)
    two_sided = np.mean((np.abs(z) > [norm.isf(level / 2) for level in levels]).any(axis=1))
    assert abs(two_sided - alpha) < noise
    # what TOST does at one side of the margin
    one_sided = np.mean((z > [norm.isf(level) for level in levels]).any(axis=1))
    assert alpha * 0.8 < one_sided < alpha + noise


def test_looks_that_are_close_together_and_tiny_errors_are_no_trouble() -> None:
    assert nominal_levels((999, 1000), 0.05)[1] == pytest.approx(0.0437, abs=1e-4)
    assert nominal_levels((20, 40), 1e-14) == pytest.approx((5e-15, 1e-14), rel=0.3)
