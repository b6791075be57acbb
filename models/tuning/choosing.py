"""Which settings of an arm are ahead: those with the highest mean over the tuning seeds.

**The rule.** Of the settings with the most tuning runs that have a value (all of them, where no run
failed), the one with the highest mean of these values; among equals the earliest of the list. So a
setting with a run that failed is chosen only where every setting has such a run, and then by the
runs that are left. A run has no value where it failed, was cancelled, or has no such metric.
Halving keeps several by the same rule: next come those with fewer values.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Values = dict[str, list[dict[int, float]]]
"""Arm -> setting -> seed -> the metric that chooses, higher is better."""


@dataclass(frozen=True, slots=True)
class Chosen:
    setting: int
    """Its index in the plan."""
    mean: float


def choose(settings: Sequence[Mapping[int, float]]) -> Chosen | None:
    """The setting of an arm by the rule above, from seed -> value of each; None where no setting
    has a value."""
    return next(iter(ranked(settings)), None)


def ranked(settings: Sequence[Mapping[int, float]]) -> list[Chosen]:
    """The settings that have a value, the one that is to be chosen first."""
    found = [Chosen(index, mean_of(values)) for index, values in enumerate(settings) if values]
    return sorted(found, key=lambda one: (-len(settings[one.setting]), -one.mean, one.setting))


def mean_of(values: Mapping[int, float]) -> float:
    """The mean of one or more values; the same whatever their order."""
    return math.fsum(values.values()) / len(values)
