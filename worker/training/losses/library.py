"""The terms that pytorch-metric-learning computes, one value for each anchor.

Three habits of the library are turned off here. It reduces a batch in a way of its own (often the
mean over what is not zero); `DoNothingReducer` hands out the single values instead, and the spec
reduces the rows. Left to labels, it drops the diagonal when both sides share *one label tensor*
(object identity), which silently takes every positive away and leaves a loss of 0. And with
all questions stacked it would compare questions of the same side. So no labels are given: the
anchors are `first`, the references `second`, and the pairs are listed one by one.

Imported only by a training that has such a term: the library takes seconds to import.
"""

from functools import lru_cache
from typing import Any, assert_never

import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import (
    CircleLoss,
    ContrastiveLoss,
    MultiSimilarityLoss,
    TripletMarginLoss,
)
from pytorch_metric_learning.reducers import DoNothingReducer
from torch import Tensor

from models.specs.library_terms import (
    BatchHardSoftMargin,
    Circle,
    Contrastive,
    LibraryTerm,
    MultiSimilarity,
)
from worker.training.losses.batch import Batch


def library_rows(term: LibraryTerm, batch: Batch) -> Tensor:
    """The unweighted term for each row: (B,), each >= 0.

    A row without negatives costs 0, except for its positive's own part in `contrastive` and
    `multi_similarity`.
    """
    match term:
        case Contrastive():
            return _contrastive(term, batch)
        case MultiSimilarity() | Circle():
            values: Tensor = _values(term, batch, _every_pair(batch))["loss"]["losses"]
            return values.reshape(-1)
        case BatchHardSoftMargin():
            return _batch_hard_soft_margin(term, batch)
        case _:
            assert_never(term)


def _contrastive(term: Contrastive, batch: Batch) -> Tensor:
    """The library averages what is above zero over the batch; here over each row."""
    pairs = _every_pair(batch)
    values, anchors = _values(term, batch, pairs), pairs[2]
    positive: Tensor = values["pos_loss"]["losses"]
    if len(anchors) == 0:
        return positive
    negative: Tensor = values["neg_loss"]["losses"]
    total = torch.zeros_like(positive).index_add(0, anchors, negative)
    above = torch.zeros_like(positive).index_add(0, anchors, (negative > 0).to(negative.dtype))
    return positive + total / above.clamp(min=1)


def _batch_hard_soft_margin(term: BatchHardSoftMargin, batch: Batch) -> Tensor:
    own = torch.arange(len(batch.first), device=batch.first.device)
    hardest = batch.similarities.masked_fill(batch.excluded, -torch.inf).argmax(dim=1)
    values: Tensor = _values(term, batch, (own, own, hardest))["loss"]["losses"]
    return values.masked_fill(batch.excluded.all(dim=1), 0)


def _every_pair(batch: Batch) -> tuple[Tensor, ...]:
    """Anchors and their positives, then anchors and their negatives, as the library lists them."""
    own = torch.arange(len(batch.first), device=batch.first.device)
    return own, own, *torch.where(~batch.excluded)


def _values(term: LibraryTerm, batch: Batch, listed: tuple[Tensor, ...]) -> dict[str, Any]:
    """The library's values before any reduction, for pairs (4 tensors) or triplets (3)."""
    values: dict[str, Any] = _library_loss(term)(
        batch.first, indices_tuple=listed, ref_emb=batch.second
    )
    return values


@lru_cache(maxsize=32)
def _library_loss(term: LibraryTerm) -> Any:
    single: dict[str, Any] = {"distance": CosineSimilarity(), "reducer": DoNothingReducer()}
    match term:
        case Contrastive(positive_margin=above, negative_margin=below):
            return ContrastiveLoss(pos_margin=above, neg_margin=below, **single)
        case MultiSimilarity(alpha=alpha, beta=beta, base=base):
            return MultiSimilarityLoss(alpha=alpha, beta=beta, base=base, **single)
        case Circle(relaxation=relaxation, scale=scale):
            return CircleLoss(m=relaxation, gamma=scale, **single)
        case BatchHardSoftMargin():
            return TripletMarginLoss(margin=0, smooth_loss=True, **single)
        case _:
            assert_never(term)
