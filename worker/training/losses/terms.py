"""A loss over a batch: every term of the spec for every row, weighted, added and reduced.

Row r of the similarity matrix holds the similarities of anchor r: s_ap on the diagonal, and B - 1
values s_an beside it, followed by those of the negatives that are given (B, B + m). Each term turns
a row into one value, of at least 0 but for formulas.
"""

from typing import assert_never

import torch
from torch import Tensor

from models.specs.losses import AnyTerm, LossSpec
from models.specs.terms import (
    ClosestNegative,
    DistanceWeighted,
    Formula,
    Hinge,
    MeanNegative,
    MultipleNegatives,
    SelectivelyContrastive,
)
from worker.training.losses.batch import Batch
from worker.training.losses.distance_weighted import distance_weighted
from worker.training.losses.formula import formula
from worker.training.losses.hinges import closest_negative, mean_negative
from worker.training.losses.multiple_negatives import multiple_negatives
from worker.training.losses.selectively_contrastive import selectively_contrastive


def term_rows(spec: LossSpec, batch: Batch) -> Tensor:
    """The unweighted value of every term and row: (terms, B), each >= 0 but of formulas.

    With `anchors: both` the two directions are averaged.
    """
    match spec.anchors:
        case "first":
            return _one_direction(spec, batch)
        case "second":
            return _one_direction(spec, batch if batch.owners is not None else batch.turn())
        case "both":
            return (_one_direction(spec, batch) + _one_direction(spec, batch.turn())) / 2
        case _:
            assert_never(spec.anchors)


def reduce_terms(spec: LossSpec, rows: Tensor) -> Tensor:
    """The loss of a batch from its (terms, B) values: weighted terms added, rows summed or
    averaged as the spec says."""
    weights = rows.new_tensor([term.weight for term in spec.terms])
    added = (weights[:, None] * rows).sum(dim=0)
    return added.sum() if spec.reduction == "sum" else added.mean()


def batch_loss(spec: LossSpec, batch: Batch) -> Tensor:
    """The scalar loss of a batch."""
    return reduce_terms(spec, term_rows(spec, batch))


def _one_direction(spec: LossSpec, batch: Batch) -> Tensor:
    return torch.stack([_rows(spec, term, batch) for term in spec.terms])


def _rows(spec: LossSpec, term: AnyTerm, batch: Batch) -> Tensor:
    if isinstance(term, Hinge):
        return _hinge_rows(term, spec.margin_of(term), batch)
    if isinstance(term, MultipleNegatives):
        return multiple_negatives(term, batch)
    from worker.training.losses.library import library_rows  # takes seconds, and few need it

    return library_rows(term, batch)


def _hinge_rows(
    term: MeanNegative | ClosestNegative | DistanceWeighted | SelectivelyContrastive | Formula,
    margin: float,
    batch: Batch,
) -> Tensor:
    match term:
        case MeanNegative():
            return mean_negative(term, margin, batch)
        case ClosestNegative():
            return closest_negative(term, margin, batch)
        case DistanceWeighted():
            return distance_weighted(margin, batch)
        case SelectivelyContrastive():
            return selectively_contrastive(term, margin, batch)
        case Formula():
            return formula(term, margin, batch)
        case _:
            assert_never(term)
