"""When a training is no longer one: which figure broke, and which setting broke it.

Looked into only once it has happened, so that a step costs nothing for it.
"""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from models.errors import TrainingFault
from worker.training.gauges import Gauges
from worker.training.optimizer import ShrinkingAdam

Culprit = Literal["eps", "update", "loss", "gradient"]
"""What broke the figures: Adam's division by nothing but `eps`, another update of the weights, the
loss of sound similarities, or the gradient of a sound loss."""


class Diverged(TrainingFault):
    """Figures of a step, or of an evaluation after it, are no longer numbers."""

    def __init__(self, step: int, culprit: Culprit, figures: Mapping[str, float]) -> None:
        self.step, self.culprit, self.figures = step, culprit, dict(figures)
        said = (
            f"the loss was {figures['loss']} and the gradient's norm {figures['gradient_norm']}"
            if figures
            else "an evaluation gave similarities that are not numbers"
        )
        super().__init__(f"at step {step} {said}: the training has diverged")


def check_step(
    step: int, gauges: Gauges, gradient_norm: float, network: nn.Module, optimizer: ShrinkingAdam
) -> None:
    """Raise `Diverged` unless loss and gradient of the step's batch are numbers."""
    if math.isfinite(gauges.loss) and math.isfinite(gradient_norm):
        return
    figures = {
        "s_ap_mean": gauges.s_ap_mean,
        "s_an_mean": gauges.s_an_mean,
        "loss": gauges.loss,
        "loss_per_row": gauges.loss_per_row,
        "gradient_norm": gradient_norm,
    }
    found = broken_by_update(network, optimizer)
    if found is None:
        found = "gradient" if math.isfinite(gauges.loss) else "loss"
    raise Diverged(step, found, figures)


def broken_by_update(network: nn.Module, optimizer: ShrinkingAdam) -> Culprit | None:
    """How the last update broke weights; None where all of them are numbers.

    A weight whose second moment is zero was divided by `eps` alone. That happens to every weight
    that has had no gradient yet, and an `eps` that is zero in single precision gives 0 / 0.
    """
    broken = False
    for name, weight in network.named_parameters():
        bad = ~torch.isfinite(weight.detach())
        if not bad.any():
            continue
        broken = True
        second: Tensor | None = optimizer.state().get(f"exp_avg_sq.{name}")
        if second is not None and bool((second[bad] == 0).any()):
            return "eps"
    return "update" if broken else None
