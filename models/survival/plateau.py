"""When a run leaves the plateau of a collapsed network, and how often it comes back.

On the plateau every question has nearly the same vector, so every similarity is the same and the
loss per row is the sum of weight x margin over the hinge terms. A run is *off* the plateau when
its loss per row is clearly below that, and stays there long enough for it not to be noise:

- on -> off at the first of `Rule.leave` checks in a row below the level,
- off -> on, a *relapse*, at the first of `Rule.relapse` checks in a row at or above the level.

Every run begins on the plateau. A run that hovers about the level therefore relapses only after
it has left for as long as a first leaving takes. Which checks there are decides the rule:

**Evaluations** are means over thousands of rows: three in a row leave, and a single one at or
above the level is a relapse. But they are far apart: with one every 100 steps, arms that leave
at step 35 and 58 both leave "at 100".

**Training steps** have the resolution, and the noise of one batch: with 256 rows its sd at the
level is 0.01 to 0.02 a row on the Quora pairs, as large as the 5 % that the level is below the
plateau. Ten in a row decide both ways. A run whose mean is still half an sd above the level
shows ten below in a row once in 100,000 places; on eight full runs ten, twenty and fifty in a row
named the same step, while one, three or five named an earlier one in some.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

LEFT_BELOW = 0.95  # of the collapsed loss per row


@dataclass(frozen=True, slots=True)
class Rule:
    """How many checks in a row it takes to leave the plateau, and to be back on it."""

    leave: int
    relapse: int


EVALUATIONS = Rule(leave=3, relapse=1)
STEPS = Rule(leave=10, relapse=10)


@dataclass(frozen=True, slots=True)
class Stretch:
    """As many checks in a row as there are on one side of the level."""

    below: bool
    first: int  # step of the first check
    last: int
    checks: int


@dataclass(frozen=True, slots=True)
class PlateauStay:
    """One run. `step` is that of the first leaving, or of the last check when there was none."""

    step: int
    left: bool
    relapses: int
    on_plateau_at_end: bool


def plateau_level(collapsed_loss_per_row: float | None) -> float | None:
    """The loss per row below which a run is off the plateau; None for a loss without a plateau.

    A loss without hinge terms has no value at which it rests when all similarities agree.
    """
    if not collapsed_loss_per_row:
        return None
    return LEFT_BELOW * collapsed_loss_per_row


def stretches_of_checks(checks: Iterable[tuple[int, float]], level: float) -> list[Stretch]:
    """The stretches of (step, loss per row), which come in the order of their steps."""
    found: list[Stretch] = []
    for step, loss in checks:
        below = loss < level
        if found and found[-1].below == below:
            found[-1] = Stretch(below, found[-1].first, step, found[-1].checks + 1)
        else:
            found.append(Stretch(below, step, step, 1))
    return found


def stretches_of_steps(above: Sequence[int], last: int) -> list[Stretch]:
    """The same for a check at every step from 1 to `last`, from those at or above the level.

    `above` is ascending; every other step is below.
    """
    found: list[Stretch] = []
    following = 1
    for group in np.split(above, np.flatnonzero(np.diff(above) > 1) + 1) if above else ():
        first, end = int(group[0]), int(group[-1])
        if first > following:
            found.append(Stretch(True, following, first - 1, first - following))
        found.append(Stretch(False, first, end, end - first + 1))
        following = end + 1
    if following <= last:
        found.append(Stretch(True, following, last, last + 1 - following))
    return found


def plateau_stay(stretches: Sequence[Stretch], rule: Rule) -> PlateauStay:
    """When the run left the plateau first, and how often it was back; `ValueError` for no check.

    A last stretch below the level that is too short is no leaving yet: such a run is censored at
    its last check, like one that never left.
    """
    if not stretches:
        raise ValueError("a run without any check may be on the plateau or off it")
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
