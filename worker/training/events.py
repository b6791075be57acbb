"""The events that `train` yields: everything that a training reports, in order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.metrics import EvaluationMetrics, StepMetrics
from worker.training.retrieval import Retrieved


@dataclass(frozen=True)
class Started:
    """Always first: the step that this training resumes from; 0 where it begins anew."""

    step: int


@dataclass(frozen=True, kw_only=True)
class StepDone(StepMetrics):
    """One update: the metrics of its batch before it, and the update's own."""

    step: int


@dataclass(frozen=True, kw_only=True)
class Evaluated(EvaluationMetrics):
    """Metrics over pairs that are not trained on, after a step; losses only on validation."""

    step: int
    split: str  # "validation" or "test"


@dataclass(frozen=True)
class Untrained:
    """What the network measures with its initial weights: a line for all that training adds.

    It comes just before the first evaluation, since nobody is to wait for it before the first step.
    It is no evaluation of the training: nothing is decided by it, and none of the others moves.
    """

    validation: Evaluated
    test: Evaluated


@dataclass(frozen=True)
class Saved:
    """A checkpoint of this step is on disk."""

    step: int


@dataclass(frozen=True)
class Finished:
    """Always last: the similarity of every test pair, and the weights by name that gave it."""

    step: int  # the last that was trained
    kept_step: int  # the step after which the network had the kept weights
    threshold: float  # of the test pairs
    scores: npt.NDArray[np.float32]
    weights: dict[str, npt.NDArray[np.float32]]
    stopped_early: str | None  # the reason, in words; None where all steps were trained
    retrieved: Retrieved | None = None  # for each query; None without any


Event = Started | Untrained | StepDone | Evaluated | Saved | Finished
