"""The schema of a study's results.

A new field is compatible; renaming one is not. As in a comparison, no value is made up: what too
few data sets allow is null, and `missing` says why.
"""

from models.comparison.schema import (
    ComparisonWarning,
    Equivalence,
    Interval,
    Multiplicity,
    ResultPart,
    Statistic,
    Verdict,
)
from models.states import RunState


class StudyExperiment(ResultPart):
    """One data set of a study: two arms compared in its experiment, as its own results say."""

    id: str | None
    """Null where the experiment was deleted."""
    dataset: str
    state: RunState | None
    """Null where the experiment was deleted."""
    seeds: int
    """Paired seeds."""
    mean_difference: Statistic
    sd_difference: Statistic
    """Over the seeds."""
    standard_error: Statistic
    """Of the mean difference, over the seeds of this data set."""
    interval: Interval | None
    verdict: Verdict
    sentence: str
    warnings: tuple[ComparisonWarning, ...]
    left_out: str | None
    """Why the data set does not count in the mean; null where it counts."""


class Heterogeneity(ResultPart):
    """How much the difference itself differs between data sets, beside what seeds do."""

    tau2: float
    """Variance of the true differences between data sets, in the metric's unit squared: the
    variance of the mean differences less what their seeds explain, at least 0 (Hedges and Olkin
    1985). It does not rest on weights, which a few seeds estimate badly."""
    i2: float
    """The share of the variance of the mean differences that is `tau2`."""
    p: Statistic
    """Welch's test (1951) that the true difference is the same on all data sets, with degrees of
    freedom that allow for few seeds; null where a data set has no spread."""


class WeightedMean(ResultPart):
    """The mean that weights each data set by its precision, as a meta-analysis of published studies
    does. It describes, and decides nothing."""

    mean_difference: float
    interval: Interval
    """Hartung and Knapp (2001), never narrower than without their factor (Roever et al. 2015)."""
    tau2: float
    """By Paule and Mandel (1982)."""
    weights: tuple[float, ...]
    """Of the data sets that count, in their order; they add up to 1."""


class StudyComparison(ResultPart):
    """Two arms compared over all data sets of a study; null where no value is possible."""

    a: str
    b: str
    metric: str
    higher_is_better: bool
    experiments: tuple[StudyExperiment, ...]
    """Each data set, in the order of the study."""
    mean_difference: Statistic
    """a - b, the mean over the data sets that count, each counted the same."""
    sd_difference: Statistic
    """Of the mean differences between data sets."""
    interval: Interval | None
    """Of the mean over data sets like these: Hartung and Knapp's with equal weights, which is
    Student's with one degree of freedom less than data sets."""
    equivalence: Equivalence | None
    """TOST on that mean."""
    multiplicity: Multiplicity
    """Holm's rule over the arms that are compared with the baseline."""
    prediction_interval: Interval | None
    """Where the mean difference of an experiment on one more data set like these, with about as
    many seeds, would lie."""
    heterogeneity: Heterogeneity | None
    weighted: WeightedMean | None
    better_in: int
    """Data sets on which the experiment's own verdict is that a is better."""
    worse_in: int
    """Data sets on which the experiment's own verdict is that b is better."""
    ahead_in: int
    """Data sets on which a has the better mean, whatever the verdict."""
    of: int
    """Data sets that count."""
    verdict: Verdict
    sentence: str
    missing: tuple[str, ...]
    """What cannot be said, and why, in sentences; empty where nothing is missing."""
