"""Stochastic gradient descent with momentum, as `torch.optim.SGD` computes it, to the bit.

g <- g + decay w; b <- momentum b + g; w <- w - lr b, or with Nesterov's momentum
w <- w - lr (g + momentum b). The buffer b begins at zero, which gives PyTorch's first update, that
begins it at g. It is written out since importing PyTorch's own would import the compiler.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from models.specs.training import SgdSpec
from worker.training.encoders.sparse_gradients import DenseGradients

BUFFER = "momentum_buffer"


class Sgd:
    """The optimiser of named parameters. Its state is one buffer for each, if it has momentum."""

    def __init__(self, spec: SgdSpec, parameters: Iterable[tuple[str, nn.Parameter]]) -> None:
        self._spec = spec
        self._named = dict(parameters)
        self._buffers: dict[str, Tensor] = {}
        self.dense = DenseGradients()

    def state(self) -> dict[str, Tensor]:
        """The buffers, by parameter; empty before the first update."""
        return {f"{BUFFER}.{name}": buffer for name, buffer in self._buffers.items()}

    def load(self, tensors: Mapping[str, Tensor], step: int) -> None:  # noqa: ARG002
        """Restore the buffers that `state()` returned."""
        self._buffers = {
            name: tensors[f"{BUFFER}.{name}"].to(parameter.device)
            for name, parameter in self._named.items()
            if f"{BUFFER}.{name}" in tensors
        }

    @torch.no_grad()
    def step(self, gradients: Mapping[str, Tensor], lr: float) -> None:
        """One update from these gradients by name; they may be overwritten."""
        spec = self._spec
        for name, gradient in gradients.items():
            weight = self._named[name]
            if spec.weight_decay:
                gradient = gradient.add(weight, alpha=spec.weight_decay)
            if spec.momentum:
                buffer = self._buffers.setdefault(name, torch.zeros_like(weight))
                buffer.mul_(spec.momentum).add_(gradient)
                gradient = gradient.add(buffer, alpha=spec.momentum) if spec.nesterov else buffer
            weight.add_(gradient, alpha=-lr)
