"""Differences that end abruptly on one side, against slow plain code and drawn normal samples."""

import math
import re
import statistics

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.comparison.paired_t import mean_and_sd, t_p, tost_p
from models.comparison.schema import Comparison
from models.comparison.skewness.normal_reach import (
    MOST,
    distribution,
    reach_of_share,
    share_below,
)
from models.comparison.skewness.short_side import (
    LEAST_SHARE,
    STRICTEST,
    Reach,
    better_share,
    reach_of,
    strict_t_p,
    strictness_of_better,
    strictness_of_tost,
)

from support.comparison import GIVES_NO_CLAIM, MIRROR, from_differences

samples = st.lists(st.integers(-1000, 1000).map(float), min_size=6, max_size=20)

# a long tail below that has shown itself a little, and one that has not
CROWDED = [0.010, 0.010, 0.010, 0.0099, 0.0098, 0.0098, 0.0095, 0.0094, 0.004, 0.0008]


def reach(values: list[float]) -> Reach | None:
    return reach_of(values, *mean_and_sd(values))


def slow_p(values: list[float]) -> float:
    """The p of the t test as `better` needs it, from the definition."""
    from scipy import stats

    mean, sd = statistics.fmean(values), statistics.stdev(values)
    farthest = max(values) - mean if mean > 0 else mean - min(values)
    shorter, wanted = share_below(farthest / sd, len(values)), better_share(len(values), 0.05)
    factor = 1.0
    if shorter < wanted:
        factor = 100.0 if shorter == 0 else min(100.0, wanted / shorter)
    return min(1.0, factor * float(stats.ttest_1samp(values, 0.0).pvalue))


def fast_p(values: list[float]) -> float:
    mean, sd = mean_and_sd(values)
    found = strict_t_p(t_p(mean, sd, len(values), 0.0), mean, reach_of(values, mean, sd), 0.05)
    assert found is not None
    return found


@pytest.mark.parametrize("n", [3, 4, 16, 17, 33, 48, 50])
def test_the_table_of_a_size_has_the_same_bits_whatever_was_asked_before(n: int) -> None:
    distribution.cache_clear()
    alone = distribution(n)
    distribution.cache_clear()
    for before in range(3, 60):
        distribution(before)
    for one, other in zip(alone, distribution(n), strict=True):
        assert one.tobytes() == other.tobytes()


@given(samples)
def test_the_p_is_that_of_slow_plain_code(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    assert fast_p(values) == pytest.approx(slow_p(values), rel=1e-6)


@given(samples, st.sampled_from([1e-9, 0.25, 3.0, 1e12]))
def test_it_depends_on_no_unit_and_mirrors_with_the_sign(values: list[float], unit: float) -> None:
    assume(len(set(values)) > 1)
    found, mirrored = reach(values), reach([-value for value in values])
    scaled = reach([value * unit for value in values])
    assert found is not None
    assert mirrored is not None
    assert scaled is not None
    assert (mirrored.below, mirrored.above) == pytest.approx((found.above, found.below))
    assert (scaled.below, scaled.above) == pytest.approx((found.below, found.above))
    assert fast_p([-value for value in values]) == pytest.approx(fast_p(values))


@given(st.lists(st.floats(0.1, 100), min_size=3, max_size=8, unique=True), st.floats(-9, 9))
def test_symmetric_differences_are_either_short_on_both_sides_or_on_none(
    halves: list[float], middle: float
) -> None:
    found = reach([middle + half for half in halves] + [middle - half for half in halves])
    assert found is not None
    assert found.below == pytest.approx(found.above, rel=1e-6)


@pytest.mark.parametrize("n", [6, 7, 10, 16, 20, 60])
def test_normal_samples_reach_less_far_in_the_share_of_the_distribution(n: int) -> None:
    count = 40_000
    drawn = np.random.default_rng(n).normal(size=(count, n))
    reached = (drawn.max(axis=1) - drawn.mean(axis=1)) / drawn.std(axis=1, ddof=1)
    for share in (0.01, 0.05, 0.3, 0.7):
        error = math.sqrt(share * (1 - share) / count)
        found = float(np.mean(reached < reach_of_share(share, n)))
        assert found == pytest.approx(share, abs=4 * error)


# from 4,000,000 samples of each size up to 20, of 80,000,000 values of each larger size
@pytest.mark.parametrize(
    ("n", "reached"),
    [(6, (0.8127, 0.8812)), (12, (1.0851, 1.1584)), (20, (1.2903, 1.3644)), (40, (1.5636, 1.6376)),
     (100, (1.9106, 1.9829)), (300, (2.3025, 2.3727))],
)  # fmt: skip
def test_the_distribution_is_that_of_many_drawn_samples(
    n: int, reached: tuple[float, float]
) -> None:
    for share, least in zip((0.025, 0.05), reached, strict=True):
        assert reach_of_share(share, n) == pytest.approx(least, abs=3e-3)
        assert share_below(least, n) == pytest.approx(share, abs=1e-3)


def test_of_three_and_four_values_the_share_is_known() -> None:
    # three: the angle of a circle; the farthest that n reach is all but one being the same
    assert share_below(1.0, 3) == pytest.approx(1 - math.acos(math.sqrt(3) / 2) * 3 / math.pi)
    for n in (3, 4, 6, 20):
        least, most = 1 / math.sqrt(n), (n - 1) / math.sqrt(n)
        assert share_below(least, n) == 0.0
        assert share_below(most, n) == pytest.approx(1.0, abs=1e-6)
        assert reach_of_share(1.0, n) == pytest.approx(most)


def test_more_values_reach_farther_and_the_largest_samples_are_alike() -> None:
    sizes = (6, 7, 9, 12, 20, 50, MOST)
    reached = [reach_of_share(0.05, n) for n in sizes]
    assert reached == sorted(reached)
    assert reach_of_share(0.05, MOST) == reach_of_share(0.05, 10 * MOST)


def test_whether_a_normal_sample_is_short_says_nothing_of_its_mean_and_sd() -> None:
    """Basu's theorem: the stricter level comes to a share of the claims, whatever the effect."""
    drawn = np.random.default_rng(4).normal(1.0, 1.0, size=(60_000, 8))
    mean, sd = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
    short = (drawn.max(axis=1) - mean) / sd < reach_of_share(0.05, 8)
    for quantity in (mean, sd, mean / sd):
        for level in (0.2, 0.5, 0.8):
            low = quantity < np.quantile(quantity, level)
            assert np.mean(short[low]) == pytest.approx(np.mean(short[~low]), abs=0.01)


def test_the_fewer_the_pairs_the_more_claims_need_a_stricter_level() -> None:
    assert better_share(6, 0.05) == 1.0
    assert better_share(10, 0.05) == pytest.approx(1 / 3)
    assert better_share(12, 0.05) == pytest.approx(1 / 6)
    assert better_share(16, 0.05) == better_share(1000, 0.05) == LEAST_SHARE
    shares = [better_share(n, 0.05) for n in range(6, 41)]
    assert shares == sorted(shares, reverse=True)


def test_a_stricter_level_is_asked_for_more_claims_the_lower_the_level_is() -> None:
    assert better_share(10, 0.025) == pytest.approx(2 / 3)
    assert better_share(40, 0.01) == pytest.approx(5 * LEAST_SHARE)
    assert better_share(10, 0.01) == better_share(40, 1e-6) == 1.0
    found = Reach(1.5, reach_of_share(0.5, 10), 10)
    assert strictness_of_better(1.0, found, 0.05) == 1.0
    assert strictness_of_better(1.0, found, 0.01) == pytest.approx(2.0, rel=1e-3)
    assert found.least(0.01) == pytest.approx(9 / math.sqrt(10))


def test_the_level_falls_as_the_side_gets_shorter_and_no_further_than_a_hundredth() -> None:
    def factor(share: float) -> float:
        reached = reach_of_share(share, 10)
        return Reach(2.0, reached, 10).strictness(above=True, share=1 / 3)

    assert factor(0.5) == factor(0.34) == 1.0
    assert factor(0.1) == pytest.approx(10 / 3, rel=1e-3)
    assert factor(0.01) == pytest.approx(100 / 3, rel=1e-3)
    assert factor(0.001) == factor(0.0) == STRICTEST


def test_five_of_one_size_and_a_smaller_one_can_still_be_told_from_zero() -> None:
    assert compared([0.010] * 5 + [0.009]).verdict == "a_better"


def test_without_spread_or_with_five_pairs_no_side_is_short() -> None:
    assert reach([1.0] * 6) is reach([1.0, 2.0, 3.0, 4.0, 5.0]) is reach([]) is None
    assert strict_t_p(0.01, 0.5, None, 0.05) == 0.01
    assert strict_t_p(None, None, None, 0.05) is None
    assert strictness_of_tost(None) == (1.0, 1.0)


def test_tost_is_the_larger_of_its_two_sides_each_as_strict_as_it_has_to_be() -> None:
    plain = tost_p(0.2, 1.0, 9, 1.0, 0.0)
    assert plain is not None
    assert tost_p(0.2, 1.0, 9, 1.0, 0.0, (10.0, 1.0)) == pytest.approx(10 * plain)
    other = tost_p(-0.2, 1.0, 9, 1.0, 0.0)
    assert other == plain
    on_the_other_side = tost_p(0.2, 1.0, 9, 1.0, 0.0, (1.0, 10.0))
    assert on_the_other_side is not None
    assert on_the_other_side < 10 * plain
    assert tost_p(0.0, 1.0, 9, 0.1, 0.0, (10.0, 10.0)) == 1.0


# --- what a comparison says ----------------------------------------------------------------------


def compared(values: list[float], margin: float = 1e-6) -> Comparison:
    return from_differences(values, equivalence_margin=margin)


def test_a_claim_towards_an_abrupt_end_needs_a_stricter_level() -> None:
    values = [value - 0.005 for value in CROWDED]
    found = compared(values)
    assert found.reach is not None
    assert found.interval is not None
    assert found.interval.low > 0
    assert found.sign_flip_p is not None
    assert found.sign_flip_p <= 0.05
    assert found.reach.above < found.reach.least < found.reach.below
    plain = t_p(*mean_and_sd(values), 10, 0.0)
    assert plain is not None
    assert plain < 0.01
    assert found.reach.t_p == pytest.approx(100 * plain)
    assert found.multiplicity.p == found.reach.t_p
    assert found.verdict == "undecided"
    said = "the differences end soon above their mean (as less than 0.1 % of normal samples do)"
    assert said in found.sentence
    assert "a long tail below it has not shown itself yet, so the level is 0.0005" in found.sentence
    assert not GIVES_NO_CLAIM.search(found.sentence)
    # farther from zero it passes also there
    assert compared(CROWDED).verdict == "a_better"


def test_a_claim_away_from_the_abrupt_end_is_judged_at_the_whole_level() -> None:
    values = [value - 0.004 for value in CROWDED]
    towards_the_tail = [0.010 - value for value in values]
    found = compared(towards_the_tail)
    assert found.verdict == "a_better"
    assert found.reach is not None
    assert found.reach.t_p == pytest.approx(t_p(*mean_and_sd(towards_the_tail), 10, 0.0))


def test_the_verdict_mirrors_with_the_arms() -> None:
    for shift in (-0.004, 0.0):
        values = [value + shift for value in CROWDED]
        here, there = compared(values), compared([-value for value in values])
        assert there.verdict == MIRROR.get(here.verdict, here.verdict)


def test_equivalence_is_held_back_where_a_tail_may_lie_beyond_the_margin() -> None:
    centred = [value - statistics.fmean(CROWDED) for value in CROWDED]
    margin = 0.0022
    found = compared(centred, margin)
    plain = tost_p(*mean_and_sd(centred), 10, margin, 0.0)
    assert plain is not None
    assert plain < 0.05
    assert found.equivalence is not None
    assert found.equivalence.p == min(1.0, 100 * plain)
    assert found.verdict == "undecided"
    assert "the 90 % interval" in found.sentence
    assert "lies inside the margin, but the differences end soon above" in found.sentence
    assert compared(centred, 0.006).verdict == "equivalent"


def test_of_six_seeds_the_claim_names_its_own_side_though_the_other_is_shorter() -> None:
    values = [0.001, 0.002, 0.002, 0.004, 0.010, 0.010]  # reach farther above than below
    found = compared(values)
    assert found.verdict == "undecided"
    assert found.reach is not None
    assert found.reach.above > found.reach.below
    assert "the differences end soon above their mean (as " in found.sentence
    level = re.search(r"so the level is (0\.\d+) and", found.sentence)
    plain = t_p(*mean_and_sd(values), 6, 0.0)
    assert level is not None
    assert plain is not None
    assert plain < 0.05
    assert 0.05 * plain / found.reach.t_p == pytest.approx(float(level[1]), rel=1e-2)
