"""The form of a comparison in the results document. A new field is no breach; a renamed one is.

No figure is ever made up: where there are too few seeds, or no spread, a field is null and, where
it is not obvious, `missing` says why.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from models.comparison.verdict import Verdict

Figure = float | None
Role = Literal["primary", "secondary"]
Effect = Literal["helped", "made no difference", "hurt"]


class ResultPart(BaseModel):
    """A frozen piece of the results document; infinity and NaN are refused, as JSON has neither."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Pair(ResultPart):
    """One seed under both arms; `difference` is a - b."""

    seed: int
    a: float
    b: float
    difference: float


class Summary(ResultPart):
    """One arm over *all* its succeeded runs, paired or not; null where n allows no figure."""

    n: int
    mean: Figure
    sd: Figure
    median: Figure
    min: Figure
    max: Figure
    iqm: Figure
    """Interquartile mean: the mean without the lowest and the highest quarter."""
    points: tuple[float, ...]
    """Every value, by ascending seed."""


class Summaries(ResultPart):
    """The two arms, each on its own."""

    a: Summary
    b: Summary


class Interval(ResultPart):
    """An interval of the confidence asked, in the unit of what it is about."""

    confidence: float
    low: float
    high: float


class Equivalence(ResultPart):
    """TOST: `p` is the larger of the two one-sided p of "beyond -margin" and "beyond +margin"."""

    margin: float
    p: float


class Multiplicity(ResultPart):
    """What Holm's step-down (1979) makes of this comparison among the others of its family."""

    family: int
    """Comparisons in the family: all of the document on the decision's metric for the primary
    ones, all on other metrics for the secondary ones."""
    p: Figure
    """The p of the claim `better`: the larger of the paired t test's and the sign-flip test's."""
    holm_p: Figure
    """The same, adjusted; `better` is said only at 1 - confidence or below."""


class Bootstrap(ResultPart):
    """BCa bootstrap interval of the mean difference (Efron 1987), resampling pairs of runs.

    With 10 to 20 pairs a 95 % one holds the truth in 91 to 93 %; the t interval in 95 %.
    """

    resamples: int
    interval: Interval | None
    missing: str | None


class Superiority(ResultPart):
    """P(A > B): how often a does better than b under one seed; a lower loss is better."""

    wins: int
    ties: int
    losses: int
    share: float
    """(wins + ties / 2) / N."""
    interval: Interval
    """Clopper-Pearson; with an odd number of ties from half a win less to half a win more."""


class Pairing(ResultPart):
    """Whether giving both arms the same seeds made the difference less noisy."""

    correlation: float
    """Pearson's, of the two arms' values over the seeds."""
    variance_ratio: float
    """Variance of the difference over the sum of the arms' variances: 1 is what unpaired seeds
    would give."""
    effect: Effect
    sentence: str


class Power(ResultPart):
    """What these seeds could find, and how many seeds would be enough, at the spread seen so far.

    The sd is itself an estimate, and a rough one from few seeds; so are these figures.
    """

    power: float
    """The chance of a claim that the figures below are for."""
    detectable_difference: Figure
    """The smallest true difference that the t test finds with this power and these seeds."""
    seeds_for_margin: int | None
    """Seeds to find a true difference as large as the margin; null beyond 100,000."""
    seeds_for_equivalence: int | None
    """Seeds for `equivalent` when the true difference is zero; null beyond 100,000."""


class CollapseShare(ResultPart):
    """Runs of one arm that ended collapsed, with Wilson's interval."""

    collapsed: int
    n: int
    share: Figure
    interval: Interval | None


class WithoutCollapsed(ResultPart):
    """The difference over the pairs of which neither run collapsed: beside the comparison, never
    in place of it, since leaving out failures flatters the arm that fails."""

    pairs: int
    mean_difference: Figure
    interval: Interval | None
    sign_flip_p: Figure


class Collapse(ResultPart):
    """Collapse as an outcome. A run ended collapsed when its last validation loss per row is at
    least 0.95 of that of a network with one vector for all questions, or when it calls all test
    pairs alike."""

    a: CollapseShare
    b: CollapseShare
    only_a: int
    """Seeds under which a alone collapsed."""
    only_b: int
    p: float
    """Exact McNemar of `only_a` against `only_b`."""
    without: WithoutCollapsed


class Crossed(ResultPart):
    """Bootstrap over seeds *and* test pairs (Owen 2007): for new seeds and new questions at once.

    Conservative: what belongs to one seed with one pair enters its variance three times.
    """

    resamples: int
    interval: Interval | None
    standard_error: Figure
    standard_error_seeds: Figure
    """With the test pairs as they are, only the seeds resampled."""
    standard_error_test_pairs: Figure
    """With the seeds as they are, only the test pairs resampled."""
    missing: str | None


class SeedMcNemar(ResultPart):
    """The two trained networks of one seed on the same test pairs."""

    seed: int
    only_a_right: int
    only_b_right: int
    difference: float
    """Accuracy of a minus accuracy of b."""
    standard_error: float
    p: float
    """Exact binomial on the pairs that only one of the two got right."""


class McNemar(ResultPart):
    """McNemar's test for each seed."""

    note: str = (
        "Each p speaks of two trained networks on these test pairs, not of the two methods: another"
        " seed trains other networks."
    )
    seeds: tuple[SeedMcNemar, ...]


class Comparison(ResultPart):
    """The answer, in the words of the results document; null where no figure is possible."""

    a: str
    b: str
    metric: str
    higher_is_better: bool
    pairs: tuple[Pair, ...]
    summaries: Summaries
    mean_difference: Figure
    sd_difference: Figure
    interval: Interval | None
    sign_flip_p: Figure
    equivalence: Equivalence | None
    verdict: Verdict
    sentence: str
    role: Role
    """`primary`: on the metric that decides; `secondary`: described beside it, decides nothing."""
    multiplicity: Multiplicity
    bootstrap: Bootstrap
    superiority: Superiority | None
    pairing: Pairing | None
    power: Power | None
    collapse: Collapse | None = None
    crossed_bootstrap: Crossed | None = None
    """Of `test.accuracy` and `test.roc_auc`, where the scores of the test pairs are there."""
    mcnemar: McNemar | None = None
    """Of `test.accuracy`, where the scores of the test pairs are there."""
