"""Adam as Trax has it: weights shrink by a fixed factor at each step, whatever the learning rate.

trax/optimizers/adam.py: w <- (1 - shrink) w - lr m / (sqrt(v) + eps), with bias-corrected m and
v (Kingma & Ba 2015, b1 0.9, b2 0.999). PyTorch's fused AdamW computes
w <- (1 - lr decay) w - lr m / (sqrt(v) + eps), which is the same with decay = shrink / lr.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from models.specs.training import AdamSpec

MOMENTS = ("exp_avg", "exp_avg_sq")


class ShrinkingAdam:
    """The optimiser of named parameters. Its state is two moments for each, and the step."""

    def __init__(self, spec: AdamSpec, parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
        self._spec = spec
        self._named = dict(parameters)
        self._adam = torch.optim.AdamW(
            list(self._named.values()), lr=spec.lr, eps=spec.eps, weight_decay=0.0, fused=True
        )

    def update(self, lr: float) -> None:
        """One update from the parameters' gradients, which are freed; `lr` must be above 0."""
        group = self._adam.param_groups[0]
        group["lr"], group["weight_decay"] = lr, self._spec.weight_shrink / lr
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)

    def state(self) -> dict[str, Tensor]:
        """The moments, by parameter and name; empty before the first update."""
        return {
            f"{moment}.{name}": self._adam.state[parameter][moment]
            for name, parameter in self._named.items()
            for moment in MOMENTS
            if parameter in self._adam.state
        }

    def load(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Go on after `step` updates from moments that `state()` gave."""
        for name, parameter in self._named.items():
            moments = {
                moment: tensors[f"{moment}.{name}"].to(parameter.device) for moment in MOMENTS
            }
            count = torch.tensor(float(step), device=parameter.device)
            self._adam.state[parameter] = {"step": count, **moments}
