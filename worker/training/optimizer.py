"""Adam: as Trax has it, or as AdamW. And what is the same for every optimiser.

In trax/optimizers/adam.py weights shrink by a fixed factor at each step, whatever the learning
rate: w <- (1 - shrink) w - lr m / (sqrt(v) + eps), with bias-corrected m and v (Kingma & Ba 2015,
b1 0.9, b2 0.999). PyTorch's fused AdamW computes w <- (1 - lr decay) w - lr m / (sqrt(v) + eps),
which is the same with decay = shrink / lr. Stochastic gradient descent is in `sgd.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from models.specs.training import AdamSpec, AdamWSpec, OptimizerSpec, SgdSpec
from worker.training.encoders.sparse_gradients import DenseGradients
from worker.training.sgd import Sgd

MOMENTS = ("exp_avg", "exp_avg_sq")


class FusedAdam:
    """The optimiser of named parameters. Its state is two moments for each, and the count of
    updates. It calls PyTorch's fused update itself: `torch.optim.AdamW` would import the compiler,
    which takes more than a second of a processor and is used for nothing here."""

    def __init__(
        self, spec: AdamSpec | AdamWSpec, parameters: Iterable[tuple[str, nn.Parameter]]
    ) -> None:
        self._spec = spec
        self._named = dict(parameters)
        self._states: dict[str, _State] = {}
        self.dense = DenseGradients()

    def state(self) -> dict[str, Tensor]:
        """The moments, by parameter and name; empty before the first update."""
        return {
            f"{moment}.{name}": getattr(state, moment)
            for name, state in self._states.items()
            for moment in MOMENTS
        }

    def load(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Restore the moments that `state()` returned after `step` updates."""
        for name, parameter in self._named.items():
            first, second = (tensors[f"{moment}.{name}"].to(parameter.device) for moment in MOMENTS)
            count = torch.tensor(float(step), device=parameter.device)
            self._states[name] = _State(first, second, count)

    def hyperparameters(self, lr: float) -> tuple[float, float, float]:
        """Learning rate, decay and epsilon of an update at this rate."""
        spec = self._spec
        decay = spec.weight_shrink / lr if isinstance(spec, AdamSpec) else spec.weight_decay
        return lr, decay, spec.eps

    def rows(self, gradients: Mapping[str, Tensor]) -> Iterable[tuple[Tensor, ...]]:
        """For each parameter with a gradient: itself, that, its two moments and its count of
        updates."""
        for name, gradient in gradients.items():
            parameter = self._named[name]
            if name not in self._states:
                self._states[name] = _State.of(parameter)
            state = self._states[name]
            yield parameter, gradient, state.exp_avg, state.exp_avg_sq, state.count


@dataclass(frozen=True)
class _State:
    """What Adam knows of one parameter. The moments are called as in PyTorch's own state, and so
    in checkpoints."""

    exp_avg: Tensor
    exp_avg_sq: Tensor
    count: Tensor
    """Of its updates, as a float32 scalar: what the fused update wants."""

    @classmethod
    def of(cls, parameter: Tensor) -> "_State":
        """Before the first update."""
        count = torch.zeros((), device=parameter.device)
        return cls(torch.zeros_like(parameter), torch.zeros_like(parameter), count)


Optimizer = FusedAdam | Sgd


def build_optimizer(
    spec: OptimizerSpec, parameters: Iterable[tuple[str, nn.Parameter]]
) -> Optimizer:
    """The optimiser of these named parameters."""
    return Sgd(spec, parameters) if isinstance(spec, SgdSpec) else FusedAdam(spec, parameters)


@dataclass(frozen=True)
class Update:
    """One update to be done: its optimiser, the gradients by name, and the learning rate."""

    optimizer: Optimizer
    gradients: Mapping[str, Tensor]
    lr: float


def update_alone(
    optimizer: Optimizer, parameters: Iterable[tuple[str, nn.Parameter]], lr: float
) -> None:
    """One update from the gradients of these parameters, which are freed; `lr` must be above 0."""
    named = dict(parameters)
    gradients = {name: one.grad for name, one in named.items() if one.grad is not None}
    update_together([Update(optimizer, optimizer.dense.of(gradients), lr)])
    optimizer.dense.clear(gradients)
    for parameter in named.values():
        parameter.grad = None


@torch.no_grad()
def clip_gradients(gradients: Iterable[Tensor], clip: float | None, norm: float) -> None:
    """Scale gradients, whose norm together is `norm`, down to the norm `clip`, in place.

    The same bits as `torch.nn.utils.clip_grad_norm_`: times clip / (norm + 1e-6), at most 1.
    """
    if clip is None:
        return
    factor = float(torch.clamp(clip / (torch.tensor(norm) + 1e-6), max=1.0))
    for gradient in gradients:
        gradient.mul_(factor)


@torch.no_grad()
def update_together(updates: Sequence[Update]) -> None:
    """Do every update, those of Adam in one call for each set of hyper-parameters.

    Every tensor is its own row of the fused update, with its own count of steps, so its result
    does not depend on which others are updated with it.
    """
    alike: dict[tuple[float, float, float], list[tuple[Tensor, ...]]] = {}
    for update in updates:
        if isinstance(update.optimizer, Sgd):
            update.optimizer.step(update.gradients, update.lr)
            continue
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
