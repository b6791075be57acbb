"""Differences that end abruptly on one side, against slow plain code and drawn normal samples."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.comparison.paired_t import mean_and_sd, t_p, tost_p
from models.comparison.schema import Comparison
from models.comparison.skewness.short_side import (
    BETTER_SHARE,
    MOST,
    QUANTILES,
    TOST_SHARE,
    Reach,
    least_reach,
    reach_of,
    strict_t_p,
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
    factor = 10 if farthest / sd < least_reach(len(values), BETTER_SHARE) else 1
    return min(1.0, factor * float(stats.ttest_1samp(values, 0.0).pvalue))


def fast_p(values: list[float]) -> float:
    mean, sd = mean_and_sd(values)
    found = strict_t_p(t_p(mean, sd, len(values), 0.0), mean, reach_of(values, mean, sd))
    assert found is not None
    return found


@given(samples)
def test_the_p_is_that_of_slow_plain_code(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    # at the very border, rounding decides
    found = reach(values)
    assert found is not None
    border = least_reach(len(values), BETTER_SHARE)
    assume(min(abs(side - border) for side in (found.below, found.above)) > 1e-9)
    assert fast_p(values) == pytest.approx(slow_p(values), rel=1e-9)


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


def test_the_longest_side_of_no_sample_is_short() -> None:
    """So of two claims about one sample at most one is held back, but for samples of two values."""
    law = np.random.default_rng(1)
    for n in (6, 10, 20):
        for values in law.exponential(size=(200, n)).tolist():
            found = reach(values)
            assert found is not None
            assert max(found.below, found.above) > least_reach(n, BETTER_SHARE)


@pytest.mark.parametrize("n", [6, 10, 13, 20, 35])
@pytest.mark.parametrize("share", [TOST_SHARE, BETTER_SHARE])
def test_normal_samples_reach_less_far_in_the_share_of_the_table(n: int, share: float) -> None:
    count = 40_000
    drawn = np.random.default_rng(n).normal(size=(count, n))
    reached = (drawn.max(axis=1) - drawn.mean(axis=1)) / drawn.std(axis=1, ddof=1)
    error = math.sqrt(share * (1 - share) / count)
    assert float(np.mean(reached < least_reach(n, share))) == pytest.approx(share, abs=4 * error)


def test_whether_a_normal_sample_is_short_says_nothing_of_its_mean_and_sd() -> None:
    """Basu's theorem, which bounds what the stricter level can cost: 5 % of the claims."""
    drawn = np.random.default_rng(4).normal(1.0, 1.0, size=(60_000, 8))
    mean, sd = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
    short = (drawn.max(axis=1) - mean) / sd < least_reach(8, BETTER_SHARE)
    for quantity in (mean, sd, mean / sd):
        for level in (0.2, 0.5, 0.8):
            low = quantity < np.quantile(quantity, level)
            assert np.mean(short[low]) == pytest.approx(np.mean(short[~low]), abs=0.01)


def test_what_normal_samples_reach_grows_with_their_size() -> None:
    for share in (TOST_SHARE, BETTER_SHARE):
        reached = [least_reach(n, share) for n in range(6, 1101)]
        assert all(before <= after for before, after in pairwise(reached))
        assert least_reach(MOST, share) == least_reach(10 * MOST, share)
    assert all(low < high for low, high in QUANTILES.values())


def test_without_spread_or_with_five_pairs_no_side_is_short() -> None:
    assert reach([1.0] * 6) is reach([1.0, 2.0, 3.0, 4.0, 5.0]) is reach([]) is None
    assert strict_t_p(0.01, 0.5, None) == 0.01
    assert strict_t_p(None, None, None) is None
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


def test_a_claim_towards_an_abrupt_end_needs_a_tenth_of_the_level() -> None:
    values = [value - 0.005 for value in CROWDED]
    found = compared(values)
    assert found.reach is not None
    assert found.interval is not None
    assert found.interval.low > 0
    assert found.sign_flip_p is not None
    assert found.sign_flip_p <= 0.05
    assert found.reach.above < found.reach.least < found.reach.below
    assert 0.05 < found.reach.t_p < 0.5
    assert found.multiplicity.p == found.reach.t_p
    assert found.verdict == "undecided"
    assert "the differences end abruptly above their mean" in found.sentence
    assert "a long tail below it has not shown itself yet, so the level is 0.005" in found.sentence
    assert not GIVES_NO_CLAIM.search(found.sentence)
    # farther from zero it passes also there
    assert compared(CROWDED).verdict == "a_better"


def test_a_claim_away_from_the_abrupt_end_is_judged_as_ever() -> None:
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
    assert found.equivalence.p == pytest.approx(10 * plain)
    assert found.verdict == "undecided"
    assert "the 90 % interval" in found.sentence
    assert "lies inside the margin, but the differences end abruptly above" in found.sentence
    assert compared(centred, 0.004).verdict == "equivalent"
