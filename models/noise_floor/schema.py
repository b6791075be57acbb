"""The schema of a noise floor in the results document.

A new field is compatible; renaming one is not. As in a comparison, no value is made up: where there
are too few runs for one, or no spread, it is null.
"""

from models.comparison.schema import Interval, ResultPart, Statistic

FEWEST_RUNS = 3
"""Below, the sd is no better than a guess (`models.comparison.power.FEWEST_FOR_SD`)."""


class TwoRunsDifferBy(ResultPart):
    """How far apart two further runs will lie that differ in the seed alone; each value allows for
    the error of the sd. In the unit of the metric."""

    median: Statistic
    """More than this in half of all cases."""
    in_1_of_20: Statistic
    """More than this in 1 of 20 cases."""
    beyond_margin: Statistic
    """The share of cases in which they differ by more than the margin."""


class NoiseFloor(ResultPart):
    """One arm over its succeeded runs, which differ in the seed alone: what any difference has to
    rise above. It claims nothing about two arms."""

    arm: str
    metric: str
    n: int
    mean: Statistic
    sd: Statistic
    """Of single runs (n - 1)."""
    sd_interval: Interval | None
    """Where the true sd is, with the confidence of the decision: from few runs it is rough."""
    iqm: Statistic
    """Interquartile mean: the mean without the lowest and the highest quarter."""
    points: tuple[float, ...]
    """Every value, by ascending seed."""
    collapsed: int
    """Runs that ended collapsed; they are in all values."""
    two_runs_differ_by: TwoRunsDifferBy
    one_run_each_cannot_see: Statistic
    """A true difference between two arms, each as noisy as this one, below which one run of each
    misses it in more than one case of five, if it is to be wrong in 1 of 20 where there is none."""
    margin: float
    """The decision's margin."""
    seeds_for_margin: int | None
    """Paired seeds with which a comparison finds a true difference as large as the margin, with
    80 % power, if pairing does not help; null beyond 100,000 too."""
    seeds_for_equivalence: int | None
    """Paired seeds with which two arms that do not differ are found equivalent within the margin,
    with the same power; null beyond 100,000 too."""
    sentence: str
