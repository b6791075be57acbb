"""A batch of pairs as a loss gets it, from the side of the anchors."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from worker.training.randomness import Purpose, stream


@dataclass(frozen=True)
class Batch:
    """B pairs. Row r of `similarities` is anchor r; its positive is on the diagonal.

    `excluded` is True where a pair is never a negative: on the diagonal at least. `step` and
    `seed` are those of a training. A batch that is only measured has neither: then a mining
    schedule is at its last rule, a term that draws negatives takes the expected value, and a
    formula that names the step reads `last_step`, that of the training it is measured for.
    """

    first: Tensor  # (B, D) unit vectors, the anchors
    second: Tensor  # (B, D) unit vectors
    similarities: Tensor  # (B, B): first @ second.t()
    excluded: Tensor  # (B, B) bool
    step: int | None  # counted from 1
    seed: int | None
    turned: bool = False
    last_step: int | None = None

    def turn(self) -> "Batch":
        """The same batch with the second questions as anchors."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            similarities=self.similarities.t(),
            excluded=self.excluded.t(),
            turned=not self.turned,
        )

    def gumbel_noise(self) -> Tensor:
        """Independent standard Gumbel values (B, B): a pure function of seed and step.

        They belong to the pairs, so a turned batch has the same ones, transposed. NumPy draws
        them, so they are the same bits on a CPU and on a GPU.
        """
        if self.seed is None or self.step is None:
            raise ValueError("this batch has no seed or no step, so it draws no negatives")
        generator = stream(self.seed, Purpose.NEGATIVE, self.step)
        noise = torch.from_numpy(generator.gumbel(size=tuple(self.similarities.shape)))
        return (noise.t() if self.turned else noise).to(self.similarities)


def batch_of(
    first: Tensor,
    second: Tensor,
    *,
    step: int | None = None,
    seed: int | None = None,
    excluded: Tensor | None = None,
    last_step: int | None = None,
) -> Batch:
    """The batch of unit vectors (B, D) of the first and second questions of B pairs.

    `excluded` is (B, B) bool with a True diagonal; None excludes the diagonal alone.
    """
    if excluded is None:
        excluded = torch.eye(len(first), dtype=torch.bool, device=first.device)
    similarities = first @ second.t()
    return Batch(first, second, similarities, excluded, step, seed, last_step=last_step)
