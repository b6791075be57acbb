"""When a run leaves the plateau of a collapsed network, and how often it comes back to it.

On the plateau every question has nearly the same vector, so every similarity is near 1 and the loss
per row is what a collapsed network costs (`LossSpec.collapsed_loss_per_row`: weight x margin of a
hinge, weight x log 2 of the soft margin). A run *comes onto* the plateau at the first check that
has both (`models.comparison.collapse.plateau_level`); what was before does not count, since the
loss of an untrained network may be as large without any collapse. A run without such a check was
never on the plateau, and has no time. A run is *off* the plateau when its loss per row is clearly
below that level, and stays there long enough for it not to be noise:

- on -> off at the first of `Rule.leave` checks in a row below the level,
- off -> on, a *relapse*, at the first of `Rule.relapse` checks in a row at or above the level.

A run must leave by the same rule each time before it can relapse, so hovering about the level is
not counted as a series of relapses. The rule depends on what is checked:

**Evaluations** are means over thousands of rows: a run leaves with three in a row below the level,
and relapses with a single one at or above it. But they are far apart: with one every 100 steps,
arms that leave at steps 35 and 58 both leave "at 100".

**Training steps** have the resolution, but also the noise of one batch: with 256 rows its sd at the
level is 0.01 to 0.02 a row on the Quora pairs, as large as the 5 % that the level is below the
plateau. So it takes ten in a row, both to leave and to relapse. A run whose mean is still half an
sd above the level shows ten below in a row once in 100,000 places; on eight full runs ten, twenty
and fifty in a row named the same step, while one, three or five named an earlier step in some.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Rule:
    """How many checks in a row it takes to leave the plateau, and to be back on it."""

    leave: int
    relapse: int


EVALUATIONS = Rule(leave=3, relapse=1)
STEPS = Rule(leave=10, relapse=10)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A longest run of consecutive checks on one side of the level."""

    below: bool
    first: int  # step of the first check
    last: int
    checks: int


@dataclass(frozen=True, slots=True)
class PlateauStay:
    """One run; `step` is that of its first leaving, or of its last check if it never left."""

    step: int
    left: bool
    relapses: int
    on_plateau_at_end: bool


def stretches_of_checks(checks: Iterable[tuple[int, float]], level: float) -> list[Stretch]:
    """The stretches of (step, loss per row), given in ascending order of steps."""
    stretches: list[Stretch] = []
    for step, loss in checks:
        below = loss < level
        if stretches and stretches[-1].below == below:
            stretches[-1] = Stretch(below, stretches[-1].first, step, stretches[-1].checks + 1)
        else:
            stretches.append(Stretch(below, step, step, 1))
    return stretches


def stretches_of_steps(above: Sequence[int], first: int, last: int) -> list[Stretch]:
    """As `stretches_of_checks`, for a check at every step from `first` to `last`.

    `above` are the steps at or above the level, ascending; every other step is below.
    """
    stretches: list[Stretch] = []
    following, above = first, [step for step in above if step >= first]
    gaps = np.flatnonzero(np.diff(above) > 1).tolist()
    begins, ends = [0, *(gap + 1 for gap in gaps)], [*gaps, len(above) - 1]
    for begin, last_of in zip(begins, ends, strict=True) if above else ():
        first, end = above[begin], above[last_of]
        if first > following:
            stretches.append(Stretch(True, following, first - 1, first - following))
        stretches.append(Stretch(False, first, end, end - first + 1))
        following = end + 1
    if following <= last:
        stretches.append(Stretch(True, following, last, last + 1 - following))
    return stretches


def plateau_stay(stretches: Sequence[Stretch], rule: Rule) -> PlateauStay:
    """When the run left the plateau first, and how often it came back; `ValueError` for no check.

    A last stretch below the level that is too short is not a leaving yet: such a run is censored
    at its last check, like one that never left.
    """
    if not stretches:
        raise ValueError("without any check, whether a run is on the plateau is not known")
    leavings: list[int] = []
    relapses = 0
    for stretch in stretches:
        on_plateau = len(leavings) == relapses
        if on_plateau and stretch.below and stretch.checks >= rule.leave:
            leavings.append(stretch.first)
        elif not on_plateau and not stretch.below and stretch.checks >= rule.relapse:
            relapses += 1
    step = leavings[0] if leavings else stretches[-1].last
    return PlateauStay(step, bool(leavings), relapses, len(leavings) == relapses)
