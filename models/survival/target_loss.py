"""When a run reaches a loss: all arms are measured in one loss, that of the baseline arm.

Two arms may train with different losses, whose values cannot be compared. So a target is a value
of the *baseline's* loss on the fixed validation batches, which every run records beside its own
loss, reduced over a batch as the baseline's loss says (summed, or the mean).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.survival.schema import TimeToEvent


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluation on the validation rows; `loss` is the baseline's, as it reduces a batch."""

    step: int
    loss: float
    accuracy: float


def first_at_or_below(points: Sequence[Point], loss: float) -> Point | None:
    """The first evaluation at or below `loss`; points come in the order of their steps."""
    return next((point for point in points if point.loss <= loss), None)


def time_to_loss(points: Sequence[Point], target: float) -> TimeToEvent | None:
    """Steps to the first evaluation at or below the target; None without any evaluation.

    Censored at the last evaluation when no evaluation is at or below the target.
    """
    if not points:
        return None
    last = points[-1].step
    reached = first_at_or_below(points, target)
    return TimeToEvent(reached.step if reached else last, reached is not None, last)
