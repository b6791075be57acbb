"""What is measured at every step beside the loss, above all the signs of a collapse."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.specs.losses import LossSpec


@dataclass(frozen=True)
class Gauges:
    """Means and shares over the rows of one batch; shares are fractions of 1."""

    loss: float
    loss_per_row: float
    s_ap_mean: float
    s_an_mean: float
    harder_share: float  # rows with at least one negative harder than the positive
    masked_share: float  # rows whose negatives are all harder than the positive
    active: tuple[float, ...]  # for each term, rows whose hinge is above zero


@torch.no_grad()
def measure(spec: LossSpec, similarities: Tensor, hinges: Tensor, loss: Tensor) -> Gauges:
    """Gauges of a batch: `similarities` (B, B), `hinges` (terms, B), `loss` a scalar.

    With `anchors: second` rows and columns change roles; with `both`, the shares of harder
    negatives are those of the first questions as anchors.
    """
    if spec.anchors == "second":
        similarities = similarities.t()
    rows = len(similarities)
    positive = similarities.diagonal()
    harder = (similarities > positive[:, None]).sum(dim=1)
    scale = rows if spec.reduction == "sum" else 1
    figures = torch.stack(
        [
            loss,
            loss / scale,
            positive.mean(),
            (similarities.sum() - positive.sum()) / (rows * (rows - 1)),
            (harder > 0).to(loss.dtype).mean(),
            (harder == rows - 1).to(loss.dtype).mean(),
            *(hinges > 0).to(loss.dtype).mean(dim=1),
        ]
    ).tolist()  # one transfer for all of them: on a GPU each would be a wait
    loss_now, per_row, s_ap, s_an, harder_share, masked_share, *active = figures
    return Gauges(loss_now, per_row, s_ap, s_an, harder_share, masked_share, tuple(active))
