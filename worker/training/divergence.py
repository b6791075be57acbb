"""What made a training diverge: which metric is not finite, and which setting is to blame.

This is found out only after a divergence, so it costs nothing in a sound step.
"""

import math
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from models.errors import TrainingFault
from models.metrics import BatchMetrics
from worker.training.optimizer import Optimizer

Culprit = Literal["eps", "update", "loss", "gradient"]
"""What made metrics infinite or NaN: Adam's division by `eps` alone, another update of the weights,
the loss of sound similarities, or the gradient of a sound loss."""


class Diverged(TrainingFault):
    """Metrics of a step, or of an evaluation after it, are no longer finite."""

    def __init__(self, step: int, culprit: Culprit, metrics: Mapping[str, float]) -> None:
        self.step, self.culprit, self.metrics = step, culprit, dict(metrics)
        what = (
            f"the loss was {metrics['loss']} and the gradient's norm {metrics['gradient_norm']}"
            if metrics
            else "an evaluation gave similarities that are not numbers"
        )
        super().__init__(f"at step {step} {what}: the training has diverged")


def check_step(
    step: int,
    gauges: BatchMetrics,
    gradient_norm: float,
    network: nn.Module,
    optimizer: Optimizer,
) -> None:
    """Raise `Diverged` unless the loss and the gradient of the step's batch are finite."""
    if math.isfinite(gauges.loss) and math.isfinite(gradient_norm):
        return
    metrics = {
        "s_ap_mean": gauges.s_ap_mean,
        "s_an_mean": gauges.s_an_mean,
        "loss": gauges.loss,
        "loss_per_row": gauges.loss_per_row,
        "gradient_norm": gradient_norm,
    }
    culprit = broken_by_update(network, optimizer)
    if culprit is None:
        culprit = "gradient" if math.isfinite(gauges.loss) else "loss"
    raise Diverged(step, culprit, metrics)


def broken_by_update(network: nn.Module, optimizer: Optimizer) -> Culprit | None:
    """What made weights of the last update infinite or NaN; None where all are finite.

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
