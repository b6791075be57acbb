"""What is measured at every step beside the loss, above all the signs of a collapse."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.metrics import BATCH_METRICS, BatchMetrics
from models.specs.losses import LossSpec


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
    (metrics + terms,) values, those of `BATCH_METRICS` in their order and then the share of each
    term, still on the device: see `gauges_of`.

    `known` (B, B) is True where two pairs are known to ask the same, the diagonal included;
    `excluded` as in `batch_of`: an excluded pair is not counted as a negative, but the closest
    other pair is searched among all (of equally close ones the first counts).
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
    measured = {
        "loss": loss,
        "loss_per_row": loss / scale,
        "s_ap_mean": positive.mean(),
        "s_an_mean": similarities.masked_fill(~negatives, 0).sum() / number.sum().clamp(min=1),
        "harder_share": (harder > 0).to(loss.dtype).mean(),
        "masked_share": (harder == number).to(loss.dtype).mean(),
        "false_closest_share": known.gather(1, closest).to(loss.dtype).mean(),
    }
    active = (values > 0).to(loss.dtype).mean(dim=1)
    return torch.stack([*(measured[name] for name in BATCH_METRICS), *active])


def gauges_of(values: Sequence[float]) -> BatchMetrics:
    """The gauges from the values of `measure`, which leave the device at once: on a GPU, the
    transfer of each alone would stall the step."""
    count = len(BATCH_METRICS)
    measured = dict(zip(BATCH_METRICS, values[:count], strict=True))
    return BatchMetrics(**measured, active=tuple(values[count:]))
