"""The selectively contrastive hinge: a negative harder than the positive is only pushed away.

Xuan, Stylianou, Liu & Pless 2020 (arXiv 2007.12749) show that for unit vectors a hard triplet's
pull on the positive nearly cancels its push on the negative; their loss is lambda s_an where
s_an > s_ap, and a triplet loss elsewhere. Here, with s_an the closest negative of the row, m the
margin and [x] a value that is held constant (no gradient goes through it):

    s_an >  s_ap:  m + lambda (s_an - [s_ap])
    s_an <= s_ap:  max(0, m - s_ap + s_an)

The gradients are those of the paper. Its values differ by the constant m - lambda [s_ap]: lambda
s_an alone can be negative, and jumps where s_an = s_ap, which is where a collapsed batch lies.
With lambda 1 the value is that of `closest_negative` among `all`, so the two can be compared.
Where the authors use a softmax over the two similarities for the easier rows, this is the hinge.
"""

import torch
from torch import Tensor

from models.specs.terms import SelectivelyContrastive
from worker.training.losses.batch import Batch
from worker.training.losses.hinges import closest, hinge


def selectively_contrastive(term: SelectivelyContrastive, margin: float, batch: Batch) -> Tensor:
    """The rows (B,), each >= 0; exactly 0 where there is no negative."""
    positive = batch.similarities.diagonal()
    negative = closest(batch, ~batch.excluded)
    pushed = margin + term.hard_weight * (negative - positive.detach())
    return torch.where(negative > positive, pushed, hinge(margin, batch, negative))
