"""Which weights of a run are tested and kept: the last, or those that did best on validation.

The best weights have the lowest `validation.loss`, the arm's own loss; among equals the earliest
are taken. The test pairs are not used. The best weights so far are part of a checkpoint, because
they may be older than it.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.specs.training import KeptWeights
from worker.training.events import Evaluated

_WEIGHTS = "kept.weights."


class BestWeights:
    """A copy of the best weights so far; empty where the last weights are to be kept."""

    def __init__(self, which: KeptWeights) -> None:
        self._wants_best = which == "best_validation"
        self._step, self._loss = 0, math.inf
        self._weights: dict[str, Tensor] = {}

    def see(self, evaluated: Evaluated, encoder: nn.Module) -> None:
        """Keep the encoder's weights if this evaluation of them is the best so far."""
        if self._wants_best and evaluated.loss is not None and evaluated.loss < self._loss:
            self._step, self._loss = evaluated.step, evaluated.loss
            self._weights = {n: t.detach().clone() for n, t in encoder.state_dict().items()}

    def load_into(self, encoder: nn.Module, last_step: int) -> int:
        """Load the kept weights into the encoder, which has those of `last_step`. Return the step
        after which the network had them."""
        if not self._weights:
            return last_step
        encoder.load_state_dict(self._weights)
        return self._step

    def state(self) -> dict[str, Tensor]:
        """What a resume needs; nothing before the first evaluation."""
        if not self._weights:
            return {}
        weights = {f"{_WEIGHTS}{name}": tensor for name, tensor in self._weights.items()}
        step_and_loss = torch.tensor([self._step, self._loss], dtype=torch.float64)
        return {"kept.step_and_loss": step_and_loss, **weights}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Restore what `state()` returned."""
        if "kept.step_and_loss" in tensors:
            step, self._loss = tensors["kept.step_and_loss"].tolist()
            self._step = int(step)
            self._weights = {
                name.removeprefix(_WEIGHTS): tensor
                for name, tensor in tensors.items()
                if name.startswith(_WEIGHTS)
            }
