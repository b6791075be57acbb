"""What `train` yields: everything that a run tells the outside, in order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.training.gauges import Gauges


@dataclass(frozen=True)
class Started:
    """Always first: the step that this training goes on from; 0 when it begins anew."""

    step: int


@dataclass(frozen=True)
class StepDone:
    """One update: the figures of its batch before it, and the update's own."""

    step: int
    gauges: Gauges
    gradient_norm: float
    lr: float


@dataclass(frozen=True)
class Evaluated:
    """Figures over pairs that are not trained on, after a step. Losses only on validation.

    `loss` and `baseline_loss` are means over whole batches, reduced as the spec says; `None`
    where a figure does not exist (ranks need both labels).
    """

    step: int
    split: str  # "validation" or "test"
    loss: float | None
    loss_per_row: float | None
    baseline_loss: float | None
    threshold: float  # a pair is called a duplicate when its similarity is above it
    accuracy: float
    roc_auc: float | None
    average_precision: float | None
    predicted_positive: float
    positive_mean: float | None
    negative_mean: float | None
    pairs: int


@dataclass(frozen=True)
class Saved:
    """A checkpoint of this step is on disk."""

    step: int


@dataclass(frozen=True)
class Finished:
    """Always last: the similarity of every test pair, and the weights by name that gave it."""

    step: int  # the last that was trained
    kept_step: int  # the step after which the weights were as they are kept
    threshold: float  # that the test pairs met
    scores: npt.NDArray[np.float32]
    weights: dict[str, npt.NDArray[np.float32]]
    stopped_early: str | None  # why there are fewer steps than asked for; None when there are not


Event = Started | StepDone | Evaluated | Saved | Finished
