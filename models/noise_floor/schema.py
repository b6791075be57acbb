"""The schema of a noise floor, and of its sources, in the results document.

A new field is compatible; renaming one is not. As in a comparison, no value is made up: where there
are too few runs for one, or no spread, it is null.
"""

from models.comparison.schema import Interval, ResultPart, Statistic, Summary
from models.specs.seeds import Source

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


class RedrawnPair(ResultPart):
    """A seed under which both runs succeeded."""

    seed: int
    difference: float
    """Of the run in which the source was drawn anew, less the run of the seed."""


class SourceSpread(ResultPart):
    """How far apart runs lie that share all but one source."""

    source: Source
    arm: str
    """The arm of the runs in which it was drawn anew."""
    pairs: tuple[RedrawnPair, ...]
    sd: Statistic
    """Of a run, by this source alone: of two that differ in nothing else, the difference has
    sqrt(2) times this sd."""
    sd_interval: Interval | None
    """Where the true sd is, with the confidence of the decision."""
    summary: Summary
    """Of the runs in which it was drawn anew; on average they are as the others."""
    collapsed: int
    """Of these runs; they are in all values."""


class SeedSources(ResultPart):
    """What makes two runs of one arm differ: the spread that each source causes."""

    arm: str
    metric: str
    n: int
    """Runs of the arm itself, in which every source follows the seed."""
    sd: Statistic
    """Of these runs: that of all sources together."""
    sd_interval: Interval | None
    sources: tuple[SourceSpread, ...]
    """The largest first."""
    held: tuple[str, ...]
    """What was the same in all runs: `initial weights of seed 0`."""
    sentence: str
