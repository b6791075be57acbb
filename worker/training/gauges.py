"""What is measured at every step beside the loss, above all the signs of a collapse."""

from collections.abc import Sequence
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
    false_closest_share: float  # rows whose closest other pair is a known duplicate of the anchor
    active: tuple[float, ...]  # for each term, rows whose value is above zero


@torch.no_grad()
def measure(
    spec: LossSpec,
    similarities: Tensor,
    values: Tensor,
    loss: Tensor,
    known: Tensor,
    excluded: Tensor | None = None,
) -> Tensor:
    """Gauges of a batch: `similarities` (B, B), `values` (terms, B), `loss` a scalar. Returns
    (7 + terms,) figures in the order of `Gauges`, still on the device: see `gauges_of`.

    `known` (B, B) is True where two pairs are known to ask the same, the diagonal included;
    `excluded` as in `batch_of`: what is excluded counts as no negative, but for the closest
    other pair, which is looked for among all (of equally close ones the first counts).
    With `anchors: second` rows and columns change roles; with `both`, the shares of harder and of
    false negatives are those of the first questions as anchors.
    """
    own = torch.eye(len(similarities), dtype=torch.bool, device=similarities.device)
    negatives = ~(own if excluded is None else excluded)
    if spec.anchors == "second":
        similarities, known, negatives = similarities.t(), known.t(), negatives.t()
    positive = similarities.diagonal()
    harder = ((similarities > positive[:, None]) & negatives).sum(dim=1)
    number = negatives.sum(dim=1)
    closest = similarities.masked_fill(own, -torch.inf).argmax(dim=1, keepdim=True)
    scale = len(similarities) if spec.reduction == "sum" else 1
    return torch.stack(
        [
            loss,
            loss / scale,
            positive.mean(),
            similarities.masked_fill(~negatives, 0).sum() / number.sum().clamp(min=1),
            (harder > 0).to(loss.dtype).mean(),
            (harder == number).to(loss.dtype).mean(),
            known.gather(1, closest).to(loss.dtype).mean(),
            *(values > 0).to(loss.dtype).mean(dim=1),
        ]
    )


def gauges_of(figures: Sequence[float]) -> Gauges:
    """The gauges from their figures, which come off the device at once: each alone is a wait."""
    loss, per_row, s_ap, s_an, harder, masked, false_closest, *active = figures
    return Gauges(loss, per_row, s_ap, s_an, harder, masked, false_closest, tuple(active))
