"""What is compared: the runs of two arms, or their values of one metric, and the rule.

An experiment gives `ArmRuns`; on one metric they become the `ArmValues` of a `ComparisonInput`,
from which `evidence.py` goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from models.comparison.collapse.plateau_level import is_collapsed
from models.comparison.lines import NO_LINES, Lines
from models.comparison.rule import DecisionRule
from models.comparison.schema import Role

ValuesBySeed = Mapping[int, float]
"""Seed -> value of one metric, of an arm's succeeded runs."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """How the setting came about under which the runs of an arm were trained."""

    settings: int
    """How many were tried, of which it was the best on validation; 1 where nothing was tuned."""
    chosen: int | None = 0
    """Its index among them; None where every seed has a choice of its own."""
    at_edge: tuple[str, ...] = ()
    """The fields in which it lies at the edge of what was tried, as JSON pointers; of many choices,
    those in which at least half do."""
    each_seed: bool = False
    """Whether it was chosen anew under every seed."""
    cells: int = 1
    """Over how many cells a side of an effect is a mean: each has a setting of its own."""


AS_GIVEN = Tuned(settings=1)


@dataclass(frozen=True, slots=True)
class ArmValues:
    """One arm, with the metric's value of each succeeded run."""

    name: str
    by_seed: ValuesBySeed
    collapsed: frozenset[int] = frozenset()
    """Seeds of runs that ended collapsed."""
    tuned: Tuned | None = None
    """None where it is not known, as of values that somebody else declares."""
    held: tuple[str, ...] = ()
    """What was the same in all runs, though seeds may vary it: `initial weights of seed 0`."""
    untrained: float | None = None
    """The metric before the first step, the mean over its runs; None where it is not known, and of
    an arm that starts from a pretrained model, which is not untrained."""
    zero_shot: float | None = None
    """The metric of what the arm starts from, untouched: a pretrained model, or the mean of token
    vectors."""
    pretrained: bool = False
    """Whether it starts from a pretrained model."""


@dataclass(frozen=True)
class ArmRuns:
    """The succeeded runs of one arm, each by seed."""

    name: str
    metrics: Mapping[int, Mapping[str, float]]
    """Final metrics: `test.accuracy`, `validation.loss`, …"""
    folders: Mapping[int, Path]
    """Where each run's scores are."""
    collapsed_loss_per_row: float | None
    """The arm's loss for a network with one vector for all questions; None if it has none."""
    awaited: frozenset[int] = frozenset()
    """Seeds of runs that have not ended yet."""
    tuned: Tuned | None = None
    held: tuple[str, ...] = ()
    untrained: Mapping[str, float] = field(default_factory=dict)
    """Metric -> its mean over the runs before their first step, as in `ArmValues`."""
    zero_shot: Mapping[str, float] = field(default_factory=dict)
    pretrained: bool = False

    @cached_property  # asked for with every metric, and every other arm
    def collapsed(self) -> frozenset[int]:
        """Seeds of the runs that ended collapsed."""
        loss = self.collapsed_loss_per_row
        return frozenset(
            seed for seed, metrics in self.metrics.items() if is_collapsed(metrics, loss)
        )

    def on(self, metric: str) -> ArmValues:
        """The metric's values, of the runs that have it: the same object each time, since an arm
        is compared with many others."""
        if metric not in self._by_metric:
            values = {seed: own[metric] for seed, own in self.metrics.items() if metric in own}
            self._by_metric[metric] = ArmValues(
                self.name,
                values,
                self.collapsed,
                self.tuned,
                self.held,
                self.untrained.get(metric),
                self.zero_shot.get(metric),
                self.pretrained,
            )
        return self._by_metric[metric]

    @cached_property
    def _by_metric(self) -> dict[str, ArmValues]:
        return {}


ArmPair = tuple[ArmRuns, ArmRuns]
"""Arms a and b of a comparison."""


@dataclass(frozen=True, slots=True)
class ComparisonInput:
    """One comparison to make: two arms, and the rule that decides between them.

    `expected_pairs` is the number of seeds planned; it only changes the sentence. While runs of
    `awaited` seeds go on there is no verdict: whoever looks at each new pair, and stops at the
    first verdict, is wrong far more often than the rule allows. `lines` are what the metric is
    without any network that learned.
    """

    a: ArmValues
    b: ArmValues
    rule: DecisionRule
    expected_pairs: int | None = None
    role: Role = "primary"
    awaited: int = 0
    lines: Lines = NO_LINES
