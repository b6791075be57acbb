"""Early stopping: a run ends before its last step where its validation no longer improves.

The state between evaluations is small and part of each checkpoint, so a training that was stopped
and resumed ends at the same step as one that was not.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from models.metrics import EVALUATION_METRICS
from models.specs.training import EarlyStop
from worker.training.events import Evaluated


class EarlyStopping:
    """Counts evaluations in a row without an improvement; without a spec it never ends a run."""

    def __init__(self, spec: EarlyStop | None) -> None:
        self._spec = spec
        self._best = -math.inf  # of the metric with the sign under which higher is better
        self._waited = 0

    def see(self, evaluated: Evaluated) -> None:
        """Take the next evaluation of the validation pairs into account."""
        if self._spec is None:
            return
        value = _higher_is_better(self._spec.metric, evaluated)
        if value > self._best + self._spec.min_delta:
            self._best, self._waited = value, 0
        else:
            self._waited += 1

    @property
    def reason(self) -> str | None:
        """Why the run ends now, in words; None while it goes on."""
        if self._spec is None or self._waited < self._spec.patience:
            return None
        return f"{self._spec.metric} has not improved in {self._waited} evaluations"

    def state(self) -> dict[str, Tensor]:
        """What a resume needs; nothing without a spec."""
        if self._spec is None:
            return {}
        return {
            "early_stop.best": torch.tensor(self._best, dtype=torch.float64),
            "early_stop.waited": torch.tensor(self._waited),
        }

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `state()` returned."""
        if self._spec is not None:
            self._best = float(tensors["early_stop.best"])
            self._waited = int(tensors["early_stop.waited"])


def _higher_is_better(metric: str, evaluated: Evaluated) -> float:
    name = metric.removeprefix("validation.")
    value: float | None = getattr(evaluated, name)
    if value is None:
        return -math.inf
    return -value if EVALUATION_METRICS[name].better == "lower" else value
