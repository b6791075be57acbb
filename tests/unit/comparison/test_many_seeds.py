"""Statistics over very many seeds: the same numbers as the slow, obvious way, for far less work."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from models.comparison import sign_flip
from models.comparison.mcnemar import exact_p
from models.comparison.sign_flip import EXACT_PAIRS, MONTE_CARLO_DRAWS, sign_flip_p


def p_one_by_one(differences: list[float]) -> float:
    """Each pair's signs drawn after those of the pair before, and added to the sums."""
    generator = np.random.default_rng(0)
    sums = np.zeros(MONTE_CARLO_DRAWS)
    for difference in differences:
        sums += np.where(generator.random(MONTE_CARLO_DRAWS) < 0.5, -difference, difference)
    reaching = np.count_nonzero(np.abs(sums) >= abs(sum(differences)) - 1e-12)
    return float(reaching + 1) / (MONTE_CARLO_DRAWS + 1)


@pytest.mark.parametrize("count", [EXACT_PAIRS + 1, 64, 100, 130])
@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_the_p_of_many_pairs_is_that_of_signs_drawn_one_by_one(count: int, shift: float) -> None:
    differences = (np.random.default_rng(count).normal(size=count) + shift).tolist()
    assert sign_flip_p(differences) == p_one_by_one(differences)


def test_the_p_of_many_pairs_does_not_depend_on_their_order_of_magnitude_nor_their_sign() -> None:
    differences = np.random.default_rng(1).normal(size=90) + 0.2
    p = sign_flip_p(differences.tolist())
    assert sign_flip_p((-differences).tolist()) == sign_flip_p((1000 * differences).tolist()) == p


def test_the_signs_are_drawn_once_for_all_comparisons() -> None:
    sign_flip._positive.cache_clear()
    for seed in range(5):
        sign_flip_p(np.random.default_rng(seed).normal(size=100).tolist())
    assert sign_flip._positive.cache_info().misses == -(-100 // sign_flip.BLOCK)


@pytest.mark.parametrize("total", [1, 2, 7, 40, 1001])
def test_the_p_of_discordant_pairs_is_that_of_the_exact_binomial_test(total: int) -> None:
    for only_a in {0, 1, total // 3, total // 2, total - 1, total}:
        expected = stats.binomtest(only_a, total).pvalue
        assert exact_p(only_a, total - only_a) == pytest.approx(expected, rel=1e-9)


def p_in_whole_numbers(differences: list[int]) -> float:
    generator = np.random.default_rng(0)
    sums = np.zeros(MONTE_CARLO_DRAWS, dtype=np.int64)
    for difference in differences:
        sums += np.where(generator.random(MONTE_CARLO_DRAWS) < 0.5, -difference, difference)
    reaching = np.count_nonzero(np.abs(sums) >= abs(sum(differences)))
    return float(reaching + 1) / (MONTE_CARLO_DRAWS + 1)


def p_counted(differences: list[int]) -> float:
    """The share of all patterns, from how many have each sum, in whole numbers of any size."""
    patterns = Counter({0: 1})
    for difference in differences:
        more: Counter[int] = Counter()
        for total, count in patterns.items():
            more[total + difference] += count
            more[total - difference] += count
        patterns = more
    least = abs(sum(differences))
    reaching = sum(count for total, count in patterns.items() if abs(total) >= least)
    return float(Fraction(reaching, 2 ** len(differences)))


@pytest.mark.parametrize("count", [17, 40, 200, 1000])
@pytest.mark.parametrize("points", [1, 3, 10_240])
def test_the_p_of_values_on_a_grid_is_exact_however_many_pairs_there_are(
    count: int, points: int
) -> None:
    """As accuracies are, which are whole numbers of test pairs."""
    whole = np.random.default_rng(count).integers(-3, 6, size=count).tolist()
    values = [(0.7 * points + one) / points for one in whole]
    differences = [value - 0.7 for value in values]
    p = sign_flip_p(differences, slack=1e-13 * max(values))
    assert p == pytest.approx(p_counted(whole), rel=1e-12)


def test_no_grid_is_seen_where_rounding_could_be_a_step_of_it() -> None:
    """Losses of millions, whose last digits are rounding: their p is sampled as without a grid."""
    differences = np.random.default_rng(3).normal(size=50) + 0.2
    hundred_thousandths = 100_000 * (sign_flip_p(differences.tolist(), slack=1e-4) or 0)
    assert hundred_thousandths == pytest.approx(round(hundred_thousandths), abs=1e-6)
    assert sign_flip._on_grid(sign_flip.Sample(differences.tolist(), 1e-4), []) is None


@pytest.mark.parametrize("largest", [10**9, 10**12])
def test_sums_that_equal_the_observed_one_count_however_they_are_rounded(largest: int) -> None:
    """Single precision cannot tell them from the next ones, the less the larger they may be."""
    generator = np.random.default_rng(largest)
    whole = generator.integers(-largest, largest + 1, size=90)
    whole[:5] = np.sign(whole[:5])  # beside the others these are a rounding in single precision
    p = sign_flip_p([float(one) / 10_240 for one in whole], slack=1e-13)
    assert p == p_in_whole_numbers([int(one) for one in whole])
