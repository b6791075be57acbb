"""The schema of a comparison in the results document.

A new field is compatible; renaming one is not. No value is ever made up: where there are too few
seeds, or no spread, a field is null and, where that is not obvious, `missing` says why.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Statistic = float | None
"""None where there are too few seeds for it, or no spread."""
Bounds = tuple[float, float]
Verdict = Literal["a_better", "b_better", "equivalent", "undecided"]
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
    """One arm over *all* its succeeded runs, paired or not; null where n allows no value."""

    n: int
    mean: Statistic
    sd: Statistic
    median: Statistic
    min: Statistic
    max: Statistic
    iqm: Statistic
    """Interquartile mean: the mean without the lowest and the highest quarter."""
    points: tuple[float, ...]
    """Every value, by ascending seed."""


class Summaries(ResultPart):
    """The two arms, each on its own."""

    a: Summary
    b: Summary


class Interval(ResultPart):
    """An interval of the rule's confidence, in the unit of what it estimates."""

    confidence: float
    low: float
    high: float


class Equivalence(ResultPart):
    """TOST: `p` is the larger of the two one-sided p of "beyond -margin" and "beyond +margin", each
    ten times as large where the differences end abruptly on the side of its claim (`reach`; here
    less far than in 97.5 % of normal samples)."""

    margin: float
    p: float


class Multiplicity(ResultPart):
    """What Holm's step-down (1979) makes of this comparison among the others of its family."""

    family: int
    """Comparisons in the family: all of the document on the decision's metric for the primary
    ones, all on other metrics for the secondary ones."""
    p: Statistic
    """The p of the claim `better`: the larger of the paired t test's (`reach.t_p`, where there is
    one) and the sign-flip test's."""
    holm_p: Statistic
    """`p` adjusted by Holm's step-down; `better` is said only at 1 - confidence or below."""


class Reach(ResultPart):
    """How far the differences reach on either side of their mean, in their sd.

    Where they end abruptly on one side, a long tail may lie on the other without having shown
    itself, and the t test of a claim towards the abrupt side has to pass at a stricter level.
    """

    below: float
    above: float
    least: float
    """Differences that reach so far on the side of the claim are judged at the whole level: a third
    of normal samples of 10 do not, 5 % from 16 pairs on, and nearly all of 6."""
    t_p: float
    """The p of the t test as `better` needs it: that of the plain test where the differences reach
    `least` on the side of the claim (a mean above zero: above); else 1 to 100 times as large."""


class Bootstrap(ResultPart):
    """BCa bootstrap interval of the mean difference (Efron 1987), resampling pairs of runs.

    With 10 to 20 pairs a 95 % one covers the truth in 91 to 93 %; the t interval in 95 %.
    """

    resamples: int
    interval: Interval | None
    missing: str | None


class Superiority(ResultPart):
    """P(A > B): the share of seeds under which a does better than b; a lower loss is better."""

    wins: int
    ties: int
    losses: int
    share: float
    """(wins + ties / 2) / N."""
    interval: Interval
    """Clopper and Pearson's. A tie counts as half a win; with an odd number of ties the low bound
    is that of the half rounded down, and the high one that of the half rounded up."""


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

    The sd is itself an estimate, and a rough one from few seeds; so are these values.
    """

    power: float
    """The chance of a claim for which the values below are computed."""
    detectable_difference: Statistic
    """The smallest true difference that the t test finds with this power and these seeds."""
    seeds_for_margin: int | None
    """Seeds to find a true difference as large as the margin; null beyond 100,000."""
    seeds_for_equivalence: int | None
    """Seeds for `equivalent` when the true difference is zero; null beyond 100,000."""


class CollapseShare(ResultPart):
    """Runs of one arm that ended collapsed, with Wilson's interval."""

    collapsed: int
    n: int
    share: Statistic
    interval: Interval | None


class WithoutCollapsed(ResultPart):
    """The difference over the pairs in which neither run collapsed. It is reported beside the
    comparison, never in place of it, since leaving out failures flatters the arm that fails."""

    pairs: int
    mean_difference: Statistic
    interval: Interval | None
    sign_flip_p: Statistic


class Collapse(ResultPart):
    """Collapse as an outcome: one vector for all questions. A run ended collapsed when the mean
    similarities of duplicates and of other test pairs are both 0.95 or more, and the validation
    loss per row of its kept weights is within 5 % of what such a network has, where that is
    known."""

    a: CollapseShare
    b: CollapseShare
    only_a: int
    """Seeds under which only a collapsed."""
    only_b: int
    p: float
    """Exact McNemar of `only_a` against `only_b`."""
    without: WithoutCollapsed


class Crossed(ResultPart):
    """Bootstrap over seeds *and* test pairs (Owen 2007): for new seeds and new questions at once.
    Of a metric of retrieval it is over the duplicate groups of the queries in place of pairs.

    Conservative: variation that only one seed on one test pair shows is counted three times in its
    variance.
    """

    resamples: int
    interval: Interval | None
    standard_error: Statistic
    standard_error_seeds: Statistic
    """With only the seeds resampled."""
    standard_error_test_pairs: Statistic
    """With only the test pairs resampled, or the queries."""
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


WarningKind = Literal[
    "all_collapsed",
    "nothing_learned",
    "below_untrained",
    "below_zero_shot",
    "below_tf_idf",
    "different_settings",
    "chosen_at_edge",
    "held_source",
]


class ComparisonWarning(ResultPart):
    """Why a comparison says little of the choice, whatever its verdict."""

    kind: WarningKind
    sentence: str


class Comparison(ResultPart):
    """Two arms compared on one metric; null where no value is possible."""

    a: str
    b: str
    metric: str
    higher_is_better: bool
    pairs: tuple[Pair, ...]
    summaries: Summaries
    mean_difference: Statistic
    sd_difference: Statistic
    interval: Interval | None
    sign_flip_p: Statistic
    equivalence: Equivalence | None
    verdict: Verdict
    sentence: str
    warnings: tuple[ComparisonWarning, ...]
    """The sentence ends with these; empty where nothing is wrong."""
    role: Role
    """`primary`: on the metric that decides; `secondary`: described beside it, decides nothing."""
    multiplicity: Multiplicity
    bootstrap: Bootstrap
    superiority: Superiority | None
    pairing: Pairing | None
    power: Power | None
    reach: Reach | None
    """Null with fewer than six pairs, or without spread."""
    collapse: Collapse | None = None
    crossed_bootstrap: Crossed | None = None
    """For metrics of the test but `test.average_precision`, where the scores of the test pairs are
    stored."""
    mcnemar: McNemar | None = None
    """For `test.accuracy`, where the scores of the test pairs are stored."""
