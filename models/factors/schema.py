"""The schema of effects and cells in the results document.

A new field is compatible; renaming one is not. As in a comparison, a value that too few seeds allow
is null.
"""

from typing import Annotated, Literal

from pydantic import Field

from models.comparison.schema import (
    ComparisonWarning,
    Equivalence,
    Interval,
    Multiplicity,
    Power,
    ResultPart,
    Role,
    Statistic,
    Summary,
    Verdict,
)


class EffectPair(ResultPart):
    """One seed under which every cell of the effect succeeded."""

    seed: int
    difference: float


class SimpleEffect(ResultPart):
    """The difference of the first factor's two levels at one level of the second factor."""

    given: str
    """That level, as `init=torch`."""
    mean_difference: Statistic


class EffectPart(ResultPart):
    """What all effects have: a contrast of cells within each seed, judged as a comparison is."""

    a: str
    """What is added, as the sentence calls it."""
    b: str
    """What is subtracted."""
    metric: str
    higher_is_better: bool
    pairs: tuple[EffectPair, ...]
    mean_difference: Statistic
    """a - b, the mean over the seeds."""
    sd_difference: Statistic
    interval: Interval | None
    sign_flip_p: Statistic
    equivalence: Equivalence | None
    multiplicity: Multiplicity
    """Holm's rule over the declared effects on this metric's role, not over pairs of cells."""
    power: Power | None
    verdict: Verdict
    sentence: str
    warnings: tuple[ComparisonWarning, ...]
    """The sentence ends with these; empty where nothing is wrong."""
    role: Role


class MainEffect(EffectPart):
    """A level of one factor against the factor's first level, averaged over the other factors."""

    kind: Literal["main"]
    factors: tuple[str, ...]
    """The one factor."""
    level: str
    baseline: str


class Interaction(EffectPart):
    """Whether two levels together do what their separate effects add up to: the difference of the
    two `simple_effects`. `a_better` says that they do better together, `b_better` worse."""

    kind: Literal["interaction"]
    factors: tuple[str, ...]
    """The two factors."""
    levels: tuple[str, ...]
    baselines: tuple[str, ...]
    simple_effects: tuple[SimpleEffect, ...]


Effect = Annotated[MainEffect | Interaction, Field(discriminator="kind")]


class Cell(ResultPart):
    """One level of each factor: its arm, and the metric that decides over its succeeded runs."""

    arm: str
    levels: dict[str, str]
    """Factor -> level."""
    summary: Summary
    collapsed: int
    """Runs that ended collapsed."""


class PairMean(ResultPart):
    """Two levels of two factors, averaged over the others."""

    levels: tuple[str, ...]
    mean: Statistic


class FactorPair(ResultPart):
    """The means of every two levels of two factors, as an interaction plot shows them."""

    factors: tuple[str, ...]
    seeds: int
    """Seeds under which every cell of the design succeeded: only these are averaged, so that a
    missing run moves no mean."""
    means: tuple[PairMean, ...]
