"""What is measured at every step beside the loss, above all the signs of a collapse."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from models.metrics import BATCH_METRICS, BatchMetrics
from models.specs.losses import LossSpec
from worker.training.losses.batch import Batch


@torch.no_grad()
def measure(spec: LossSpec, batch: Batch, values: Tensor, loss: Tensor, known: Tensor) -> Tensor:
    """Gauges of a batch: `values` (terms, B), `loss` a scalar. Returns (metrics + terms,) values,
    those of `BATCH_METRICS` in their order and then the share of each term, still on the device:
    see `gauges_of`.

    `known` (B, B + m) is True where two questions are known to ask the same, the diagonal included.
    What the batch excludes is not counted as a negative, but the closest other question is searched
    among all (of equally close ones the first counts). With `anchors: second` the second questions
    are the anchors; with `both`, the shares of harder and of false negatives are those of the first
    questions as anchors.
    """
    if spec.anchors == "second" and batch.owners is None:
        batch, known = batch.turn(), known.t()
    similarities, negatives = batch.similarities, ~batch.excluded
    positive = similarities.diagonal()
    harder = (similarities > positive[:, None]) & negatives
    number, number_harder = negatives.sum(dim=1), harder.sum(dim=1)
    others = similarities.clone()
    others.diagonal().fill_(-torch.inf)
    closest = others.argmax(dim=1, keepdim=True)
    scale = len(similarities) if spec.reduction == "sum" else 1
    given_mean, given_harder = _given(batch, harder)
    measured = {
        "loss": loss,
        "loss_per_row": loss / scale,
        "s_ap_mean": positive.mean(),
        "s_an_mean": similarities.masked_fill(~negatives, 0).sum() / number.sum().clamp(min=1),
        "harder_share": (number_harder > 0).to(loss.dtype).mean(),
        "masked_share": (number_harder == number).to(loss.dtype).mean(),
        "false_closest_share": known.gather(1, closest).to(loss.dtype).mean(),
        "s_given_mean": given_mean,
        "given_harder_share": given_harder,
    }
    active = (values > 0).to(loss.dtype).mean(dim=1)
    return torch.stack([*(measured[name] for name in BATCH_METRICS), *active])


def _given(batch: Batch, harder: Tensor) -> tuple[Tensor, Tensor]:
    """The mean similarity of each anchor's own given negatives that count, and the share of them
    that are harder than its positive; NaN without any."""
    similarities = batch.similarities
    if batch.owners is None:
        nothing = similarities.new_tensor(torch.nan)
        return nothing, nothing
    pairs = len(similarities)
    places = batch.owners, pairs + torch.arange(len(batch.owners), device=similarities.device)
    counted = (~batch.excluded[places]).to(similarities.dtype)
    total = counted.sum()
    mean = (similarities[places] * counted).sum() / total
    return mean, harder[places].to(similarities.dtype).sum() / total


def gauges_of(values: Sequence[float]) -> BatchMetrics:
    """The gauges from the values of `measure`, which leave the device at once: on a GPU, the
    transfer of each alone would stall the step. A metric that may be null is where it is NaN."""
    count = len(BATCH_METRICS)
    measured = {
        name: None if metric.nullable and math.isnan(value) else value
        for (name, metric), value in zip(BATCH_METRICS.items(), values[:count], strict=True)
    }
    return BatchMetrics(**measured, active=tuple(values[count:]))  # type: ignore[arg-type]
