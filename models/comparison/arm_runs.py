"""One arm as a comparison sees it: the figures of its succeeded runs, by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ArmRuns:
    """The succeeded runs of one arm, each by seed."""

    name: str
    metrics: Mapping[int, Mapping[str, float]]
    """Final metrics: `test.accuracy`, `validation.loss`, …"""
    folders: Mapping[int, Path]
    """Where each run's scores are."""
    collapsed_loss_per_row: float | None
    """Of the arm's loss, for a network with one vector for all questions; None if it has none."""

    def values(self, metric: str) -> dict[int, float]:
        return {seed: own[metric] for seed, own in self.metrics.items() if metric in own}


Sides = Sequence[tuple[ArmRuns, ArmRuns]]
"""Pairs of arms, (a, b)."""
