"""The schema of the time-to-event results, without the arithmetic.

The two are apart because the OpenAPI document only describes these classes, and must not import
scipy.stats, which takes a second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.comparison.schema import ResultPart


@dataclass(frozen=True, slots=True)
class TimeToEvent:
    """One run: at `step` the event happened (`reached`), or its time was censored.

    `followed_to` is the last step at which the event could have happened; equal to `step` for a
    censored time.
    """

    step: int
    reached: bool
    followed_to: int

    def restricted(self, horizon: int) -> int:
        """min(step, horizon): known for each run that was followed to the horizon."""
        return min(self.step, horizon)


TimesBySeed = Mapping[int, TimeToEvent]


class StepInterval(ResultPart):
    """An interval of a mean number of steps, or of a difference of two."""

    confidence: float
    low: float
    high: float


class SurvivalCurve(ResultPart):
    """Kaplan-Meier: the estimated share of runs without the event *after* each step, from 0."""

    step: tuple[int, ...]
    still_waiting: tuple[float, ...]


class RestrictedMean(ResultPart):
    """The mean of min(time, horizon): the area under the curve up to the horizon."""

    horizon: int
    mean: float
    standard_error: float
    """Greenwood's formula for the area under a Kaplan-Meier curve."""
    interval: StepInterval | None
    """mean +- z x standard error, cut at 0 and at the horizon; null without spread."""


SoonerVerdict = Literal["a_sooner", "b_sooner", "undecided"]


class TimeToEventPair(ResultPart):
    """One seed under both arms."""

    seed: int
    a: int
    a_reached: bool
    b: int
    b_reached: bool
    difference: int
    """a - b of the two times, each cut at the horizon."""


class ReachedPairs(ResultPart):
    """The seeds under which both runs reached it: no time is cut, but slow runs are missing."""

    pairs: int
    mean_difference: float | None


class RestrictedDifference(ResultPart):
    """Restricted mean of a minus that of b over all runs, as if the arms were independent."""

    difference: float
    standard_error: float
    interval: StepInterval | None


class TimeToEventComparison(ResultPart):
    """Two arms; `b` is the baseline. A negative difference says that `a` is sooner."""

    a: str
    b: str
    horizon: int | None
    log_rank_p: float | None
    """Two-sided; null when no run reached it while runs of both arms were at risk."""
    restricted_mean_difference: RestrictedDifference | None
    pairs: tuple[TimeToEventPair, ...]
    mean_difference: float | None
    """Mean of the pairs' differences, each time cut at the horizon."""
    interval: StepInterval | None
    """Paired t interval of that mean."""
    sign_flip_p: float | None
    both_reached: ReachedPairs
    awaited: int
    """Seeds with a run that has not ended; until then neither arm is called sooner."""
    verdict: SoonerVerdict
    """One arm is called sooner when the interval excludes zero and the sign-flip p is at most
    1 - confidence, from six pairs on; `undecided` never means that the arms are alike."""
