"""Distance weighted sampling: the hinge of one negative, drawn against the density of distances.

Wu, Manmatha, Smola & Krahenbuhl 2017 (arXiv 1706.07567), section 4. Between random points of the
unit sphere in D dimensions the distance d has the density

    q(d) ~ d^(D - 2) (1 - d^2 / 4)^((D - 3) / 2)

which is narrow around sqrt(2). A negative is drawn with probability ~ 1 / q(d), so that distances
and not points are spread evenly. Clipping is that of the authors' code: d is at least `NEAREST`,
which bounds the weight of very close negatives (their gradients are noisy), and a negative at
`FARTHEST` or beyond is never drawn (it would cost next to nothing, and 1 / q grows again there).

The draw is one Gumbel value for each pair added to log(1 / q), and the largest taken, which
chooses with just these probabilities. A row with no negative nearer than `FARTHEST` contributes 0.
"""

import torch
from torch import Tensor

from worker.training.losses.batch import Batch
from worker.training.losses.hinges import hinge

NEAREST = 0.5
FARTHEST = 1.4


@torch.no_grad()
def log_weights(batch: Batch) -> Tensor:
    """log(1 / q) of each pair, up to a constant: (B, B); -inf where it is never drawn."""
    dimension = batch.first.shape[1]
    squared = 2 - 2 * batch.similarities
    clipped = squared.clamp(min=NEAREST**2)
    weights = (2 - dimension) / 2 * clipped.log() - (dimension - 3) / 2 * (1 - clipped / 4).log()
    return weights.masked_fill(batch.excluded | (squared >= FARTHEST**2), -torch.inf)


def probabilities(batch: Batch) -> Tensor:
    """The probability (B, B) of each negative in its row; all 0 in a row that draws none."""
    return log_weights(batch).softmax(dim=1).nan_to_num(nan=0.0)


def distance_weighted(margin: float, batch: Batch) -> Tensor:
    """The hinge (B,) of each row's drawn negative; without a seed, its expected value.

    The gradient is that of the hinge for the negatives drawn: none goes through the weights.
    """
    if batch.seed is None:
        hinges = torch.relu(margin - batch.similarities.diagonal()[:, None] + batch.similarities)
        return (probabilities(batch) * hinges).sum(dim=1)
    weights = log_weights(batch)
    drawn = (weights + batch.gumbel_noise()).argmax(dim=1, keepdim=True)
    negative = batch.similarities.gather(1, drawn).squeeze(1)
    return hinge(margin, batch, negative.masked_fill(weights.isneginf().all(dim=1), -torch.inf))
