"""What is compared: the runs of two arms, or their values of one metric, and the rule.

An experiment gives `ArmRuns`; on one metric they become the `ArmValues` of a `ComparisonInput`,
from which `evidence.py` goes on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.comparison.rule import DecisionRule
from models.comparison.schema import Role

ValuesBySeed = Mapping[int, float]
"""Seed -> value of one metric, of an arm's succeeded runs."""

ValuesByArm = Mapping[str, ValuesBySeed]
"""Arm -> seed -> value of one metric."""


@dataclass(frozen=True, slots=True)
class ArmValues:
    """One arm, with the metric's value of each succeeded run."""

    name: str
    by_seed: ValuesBySeed


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

    def on(self, metric: str) -> ArmValues:
        """The metric's values, of the runs that have it."""
        values = {seed: own[metric] for seed, own in self.metrics.items() if metric in own}
        return ArmValues(self.name, values)


ArmPair = tuple[ArmRuns, ArmRuns]
"""Arms a and b of a comparison."""


@dataclass(frozen=True, slots=True)
class ComparisonInput:
    """One comparison to make: two arms, and the rule that decides between them.

    `expected_pairs` is the number of seeds planned; it only changes the sentence.
    """

    a: ArmValues
    b: ArmValues
    rule: DecisionRule
    expected_pairs: int | None = None
    role: Role = "primary"
