"""A batch of pairs as a loss gets it, from the side of the anchors."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from worker.training.randomness import Purpose, stream


@dataclass(frozen=True)
class Batch:
    """B pairs, and m negatives that are given. Row r of `similarities` is anchor r; its positive is
    on the diagonal, and the given negatives of all anchors are behind the B positives.

    `excluded` is True where a question is never a negative: on the diagonal at least. `step` and
    `seed` are those of a training. A batch that is only measured has neither: then a mining
    schedule is at its last rule, a term that draws negatives takes the expected value, and a
    formula that names the step reads `last_step`, that of the training it is measured for.
    """

    first: Tensor  # (B, D) unit vectors, the anchors
    second: Tensor  # (B + m, D) unit vectors
    similarities: Tensor  # (B, B + m): first @ second.t()
    excluded: Tensor  # (B, B + m) bool
    step: int | None  # counted from 1
    seed: int | None
    turned: bool = False  # whether the anchors are the second questions
    last_step: int | None = None
    owners: Tensor | None = None  # (m,) the anchor that each given negative is given to

    def turn(self) -> "Batch":
        """The same batch with the other questions as anchors.

        Raises `ValueError` where negatives are given, which are those of the anchors that it has.
        """
        if self.owners is not None:
            raise ValueError("the other questions of this batch are given no negatives")
        return replace(
            self,
            first=self.second,
            second=self.first,
            similarities=self.similarities.t(),
            excluded=self.excluded.t(),
            turned=not self.turned,
        )

    def gumbel_noise(self) -> Tensor:
        """Independent standard Gumbel values (B, B + m): a pure function of seed and step.

        They belong to the pairs, so a turned batch has the same ones, transposed. Those of given
        negatives are drawn after them. NumPy draws them, so they are the same bits on a CPU and on
        a GPU.
        """
        if self.seed is None or self.step is None:
            raise ValueError("this batch has no seed or no step, so it draws no negatives")
        generator = stream(self.seed, Purpose.NEGATIVE, self.step)
        pairs, columns = self.similarities.shape
        noise = torch.from_numpy(generator.gumbel(size=(pairs, pairs)))
        if self.turned:
            noise = noise.t()
        if columns > pairs:
            further = torch.from_numpy(generator.gumbel(size=(pairs, columns - pairs)))
            noise = torch.cat((noise, further), dim=1)
        return noise.to(self.similarities)


def batch_of(
    first: Tensor,
    second: Tensor,
    *,
    step: int | None = None,
    seed: int | None = None,
    excluded: Tensor | None = None,
    last_step: int | None = None,
    owners: Tensor | None = None,
    turned: bool = False,
) -> Batch:
    """The batch of unit vectors (B, D) of the anchors and (B + m, D) of their positives and of the
    m given negatives, whose `owners` (m,) say to which anchor each is given.

    The anchors are the first questions, or where `turned` the second. `excluded` is (B, B + m) bool
    with a True diagonal; None excludes the diagonal alone.
    """
    if excluded is None:
        size = (len(first), len(second))
        excluded = torch.eye(*size, dtype=torch.bool, device=first.device)
    similarities = first @ second.t()
    return Batch(first, second, similarities, excluded, step, seed, turned, last_step, owners)
