"""The noise floor of an arm: what two runs that differ in the seed alone may differ by.

Of n runs of one arm with sample sd s, two further runs differ by D. If single runs are normal, D
has sd sqrt(2) sigma and does not depend on s, so **D / (sqrt(2) s) has Student's t distribution
with n - 1 degrees of freedom**. With sigma known the median of |D| would be 0.6745 sqrt(2) sigma =
0.95 sigma, and 1 in 20 would be beyond 1.96 sqrt(2) sigma = 2.8 sigma, the *reproducibility limit*
of ISO 5725-6 (1994, 4.1). The quantiles of t in place of the normal's allow for s being an
estimate, exactly: over many noise floors of n runs, 1 in 20 differences is beyond the value given
(a prediction interval, as in Hahn and Meeker, *Statistical Intervals*, 1991, chapter 4). With 12
runs the median is 3 % and the other 12 % above the normal's, with 5 runs 10 % and 42 %.

`one_run_each_cannot_see` and the numbers of seeds take s for sigma, as every power analysis does
(`models.comparison.power`). The first is the power of that same t test for one difference: the
noncentral t with n - 1 degrees. The numbers of seeds are those of a paired comparison whose
differences have sd sqrt(2) s, which is what runs give that have nothing in common under a seed;
where pairing helps, fewer are enough.

Normal is an assumption. Where some runs collapse, values lie in two heaps, and quantiles of any
smooth distribution say little; so the number of collapsed runs stands beside them.
"""

import math
from collections.abc import Callable

from scipy import special

from models.comparison.comparison_warnings import below_lines
from models.comparison.inputs import ArmValues
from models.comparison.lines import NO_LINES, Lines
from models.comparison.paired_t import t_quantile
from models.comparison.power import detectable_effect, pairs_for_equivalence, pairs_to_detect
from models.comparison.rule import FEWEST_PAIRS, DecisionRule, fewest_pairs
from models.comparison.schema import Interval
from models.comparison.summaries import summarise
from models.noise_floor.schema import FEWEST_RUNS, NoiseFloor, TwoRunsDifferBy
from models.noise_floor.sentence import noise_floor_sentence

ONE_IN_20 = 0.05


def noise_floor(
    arm: ArmValues,
    rule: DecisionRule,
    *,
    planned: int | None = None,
    awaited: int = 0,
    lines: Lines = NO_LINES,
) -> NoiseFloor:
    """The noise floor of the arm's succeeded runs on the metric of the rule, which has a margin.

    `planned` seeds, `awaited` runs that go on, and `lines`, what the metric is without any network
    that learned, only change the sentence. Raises `ValueError` for a rule without a margin.
    """
    margin = rule.equivalence_margin
    if margin is None:
        raise ValueError("a noise floor is held against a margin, and this rule has none")
    summary = summarise(arm.by_seed)
    n, sd = summary.n, summary.sd
    spread = math.sqrt(2) * sd if sd and n >= FEWEST_RUNS else None
    floor = NoiseFloor(
        arm=arm.name,
        metric=rule.metric,
        n=n,
        mean=summary.mean,
        sd=sd,
        sd_interval=sd_interval(sd, n, rule.confidence) if sd and spread else None,
        iqm=summary.iqm,
        points=summary.points,
        collapsed=len(arm.collapsed & arm.by_seed.keys()),
        two_runs_differ_by=two_runs_differ_by(spread, n, margin),
        one_run_each_cannot_see=spread and spread * detectable_by_one(n, ONE_IN_20),
        margin=margin,
        seeds_for_margin=_seeds(pairs_to_detect, margin, spread, rule, fewest_pairs(rule.alpha)),
        seeds_for_equivalence=_seeds(pairs_for_equivalence, margin, spread, rule, FEWEST_PAIRS),
        sentence="",
    )
    below = below_lines((arm,), lines, rule, "The mean is not")
    sentence = noise_floor_sentence(floor, rule, planned, awaited, below)
    return floor.model_copy(update={"sentence": sentence})


def two_runs_differ_by(spread: float | None, n: int, margin: float) -> TwoRunsDifferBy:
    """What two further runs differ by, from `spread`, sqrt(2) times the sample sd of n runs."""
    if spread is None:
        return TwoRunsDifferBy(median=None, in_1_of_20=None, beyond_margin=None)
    return TwoRunsDifferBy(
        median=-t_quantile(0.25, n - 1) * spread,
        in_1_of_20=-t_quantile(ONE_IN_20 / 2, n - 1) * spread,
        beyond_margin=2 * float(special.stdtr(n - 1, -margin / spread)),
    )


def detectable_by_one(n: int, alpha: float) -> float:
    """The mean of one normal difference, in its sds, that a two-sided test at level alpha finds
    with 80 % power when the sd is estimated by n other values.

    It is the paired t test of n pairs with the noncentrality of one pair in place of n.
    """
    return math.sqrt(n) * detectable_effect(n, alpha)


def sd_interval(sd: float, n: int, confidence: float) -> Interval:
    """The interval of the sd of normal values from the sample sd of n of them: (n - 1) s^2 over
    sigma^2 is chi-square with n - 1 degrees."""
    tail = (1 - confidence) / 2
    # 1 - tail may round to 1, where the quantile is 0
    low, high = (
        sd * math.sqrt((n - 1) / float(special.chdtri(n - 1, above)))
        for above in (tail, min(1 - tail, math.nextafter(1.0, 0.0)))
    )
    return Interval(confidence=confidence, low=low, high=high)


def _seeds(
    needed: Callable[[float, float], int | None],
    margin: float,
    spread: float | None,
    rule: DecisionRule,
    fewest: int,
) -> int | None:
    """Paired seeds for the margin, never fewer than a verdict needs."""
    seeds = None if spread is None else needed(margin / spread, rule.alpha)
    return seeds and max(seeds, fewest)
