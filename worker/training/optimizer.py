"""Adam as Trax has it: weights shrink by a fixed factor at each step, whatever the learning rate.

trax/optimizers/adam.py: w <- (1 - shrink) w - lr m / (sqrt(v) + eps), with bias-corrected m and
v (Kingma & Ba 2015, b1 0.9, b2 0.999). PyTorch's fused AdamW computes
w <- (1 - lr decay) w - lr m / (sqrt(v) + eps), which is the same with decay = shrink / lr.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

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
        """Restore the moments that `state()` returned after `step` updates."""
        for name, parameter in self._named.items():
            moments = {
                moment: tensors[f"{moment}.{name}"].to(parameter.device) for moment in MOMENTS
            }
            count = torch.tensor(float(step), device=parameter.device)
            self._adam.state[parameter] = {"step": count, **moments}

    def hyperparameters(self, lr: float) -> tuple[float, float, float]:
        """Learning rate, decay and epsilon of an update at this rate."""
        return lr, self._spec.weight_shrink / lr, self._spec.eps

    def rows(self, gradients: Mapping[str, Tensor]) -> Iterable[tuple[Tensor, ...]]:
        """For each parameter: itself, its gradient, its two moments and its count of updates."""
        for name, parameter in self._named.items():
            state = self._adam.state[parameter]
            if not state:  # as AdamW begins
                state["step"] = torch.zeros((), device=parameter.device)
                for moment in MOMENTS:
                    state[moment] = torch.zeros_like(parameter)
            moments = (state[moment] for moment in MOMENTS)
            yield parameter, gradients[name], *moments, state["step"]


@dataclass(frozen=True)
class Update:
    """One update to be done: its optimiser, the gradients by name, and the learning rate."""

    optimizer: ShrinkingAdam
    gradients: Mapping[str, Tensor]
    lr: float


@torch.no_grad()
def update_together(updates: Sequence[Update]) -> None:
    """Do what `ShrinkingAdam.update` does for each, in one call for each set of hyper-parameters.

    Every tensor is its own row of the fused update, with its own count of steps, so its result
    does not depend on which others are updated with it.
    """
    alike: dict[tuple[float, float, float], list[tuple[Tensor, ...]]] = {}
    for update in updates:
        rows = alike.setdefault(update.optimizer.hyperparameters(update.lr), [])
        rows += update.optimizer.rows(update.gradients)
    for (lr, decay, eps), rows in alike.items():
        weights, gradients, first, second, steps = (
            list(column) for column in zip(*rows, strict=True)
        )
        adamw(
            weights, gradients, first, second, [], steps,
            fused=True, amsgrad=False, maximize=False,
            beta1=0.9, beta2=0.999, lr=lr, weight_decay=decay, eps=eps,
        )  # fmt: skip
