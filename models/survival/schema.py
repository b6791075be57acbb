"""What is said of waiting times: the shapes of the figures, without the arithmetic.

Apart from it, since whoever only describes them (the API's document) needs no scipy.stats, which
takes a second to import.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Wait:
    """One run: it waited until `step`, where the thing happened (`reached`) or it was censored.

    `followed_to` is the last step at which it could have happened; `step` where it did not.
    """

    step: int
    reached: bool
    followed_to: int

    def restricted(self, horizon: int) -> int:
        """min(waiting time, horizon): known for each run that was followed to the horizon."""
        return min(self.step, horizon)


class WaitingFigures(BaseModel):
    """Frozen figures, in the words of the results document."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class StepInterval(WaitingFigures):
    """An interval of a mean number of steps, or of a difference of two."""

    confidence: float
    low: float
    high: float


class SurvivalCurve(WaitingFigures):
    """Kaplan-Meier: the estimated share of runs still waiting *after* each step, from step 0."""

    step: tuple[int, ...]
    still_waiting: tuple[float, ...]


class RestrictedMean(WaitingFigures):
    """The mean of min(waiting time, horizon): the area under the curve up to the horizon."""

    horizon: int
    mean: float
    standard_error: float
    """Greenwood's, as for the area under a Kaplan-Meier curve."""
    interval: StepInterval | None
    """mean +- z x standard error within 0 and the horizon; null without spread."""


Sooner = Literal["a_sooner", "b_sooner", "undecided"]
Waits = Mapping[int, Wait]


class WaitPair(WaitingFigures):
    """One seed under both arms."""

    seed: int
    a: int
    a_reached: bool
    b: int
    b_reached: bool
    difference: int
    """a - b of the two waits, each cut at the horizon."""


class ReachedPairs(WaitingFigures):
    """Only the seeds whose runs both reached it: nothing is cut off, but the slow are missing."""

    pairs: int
    mean_difference: float | None


class RestrictedDifference(WaitingFigures):
    """Restricted mean of a minus that of b, over all runs, as of independent arms."""

    difference: float
    standard_error: float
    interval: StepInterval | None


class WaitComparison(WaitingFigures):
    """Two arms; `b` is the baseline. Negative differences say that `a` waits less."""

    a: str
    b: str
    horizon: int | None
    log_rank_p: float | None
    """Two-sided; null when no run reached it while runs of both arms waited."""
    restricted_mean_difference: RestrictedDifference | None
    pairs: tuple[WaitPair, ...]
    mean_difference: float | None
    """Of the pairs, each wait cut at the horizon."""
    interval: StepInterval | None
    """Paired t interval of that mean."""
    sign_flip_p: float | None
    both_reached: ReachedPairs
    verdict: Sooner
    """One arm is called sooner when the interval leaves out zero and the sign-flip p is at most
    1 - confidence, from six pairs on; `undecided` never means that the arms are alike."""
