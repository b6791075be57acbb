"""The waiting times in the results document: how long each arm waits, and which waits less."""

from typing import Literal

from api.views import View
from models.states import RunState
from models.waiting.matched import MatchedAccuracy
from models.waiting.shapes import RestrictedMean, SurvivalCurve, WaitComparison

Kind = Literal["leave_plateau", "reach_target_loss"]
MeasuredOn = Literal["training", "validation"]


class RunWaitView(View):
    """One run that succeeded."""

    id: str
    seed: int
    step: int
    """Where it happened; where it did not, the last step looked at (censored)."""
    reached: bool
    relapses: int | None = None
    """Times that it came back to the plateau after it had left; null for a target loss."""
    on_plateau_at_end: bool | None = None


class ArmWaits(View):
    """One arm over its succeeded runs; figures are null while there are none."""

    arm: str
    plateau_level: float | None
    """The loss per row below which a run is off the plateau; null for a target loss, and for an
    arm whose loss has no plateau."""
    runs: list[RunWaitView]
    censored: int
    left_out: dict[RunState, int]
    """Runs without a waiting time, by state: not ended yet, failed, cancelled."""
    curve: SurvivalCurve | None
    median: int | None
    """The first step by which at least half of the runs got there; null when they did not."""
    restricted_mean: RestrictedMean | None
    sentence: str


class WaitComparisonView(WaitComparison):
    """An arm against the baseline, with one sentence that says it."""

    sentence: str


class WaitingTime(View):
    """One kind of waiting time."""

    kind: Kind
    measured_on: MeasuredOn
    about: str
    """The exact definition, and whose loss is the yardstick."""
    target_loss: float | None = None
    """In the baseline's loss as its spec reduces a batch; null for the plateau."""
    target_loss_per_row: float | None = None
    horizon: int | None
    """Restricted means go up to this step, to which every run was followed."""
    arms: list[ArmWaits]
    comparisons: list[WaitComparisonView]
    """Each arm against the baseline (`b`)."""


class MatchedLoss(View):
    """Accuracy of each arm where it first is at the loss that both reached."""

    about: str
    comparisons: list[MatchedAccuracy]


class WaitingTimes(View):
    times: list[WaitingTime]
    """The plateau on validation and on training steps; a target loss when one was asked for."""
    matched_loss: MatchedLoss
