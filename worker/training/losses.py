"""The hinge terms of a loss over one batch of pairs, from its similarity matrix.

Row r of the B x B matrix holds the similarities of anchor r: s_ap on the diagonal, and B - 1
values s_an beside it. Each term turns its row of negatives into one number and takes the hinge
max(0, margin - s_ap + number). The rules for `among`:

- `all`: every off-diagonal entry.
- `not_harder_than_positive`: those with s_an <= s_ap (the mask of the course notebook is strict).
  For `closest_negative` this is the course's arithmetic to the letter: masked entries become
  s_an - 2 instead of vanishing, so a row whose negatives are all masked contributes nothing
  unless the largest s_an exceeds s_ap by more than 2 - margin.
- `semi_hard`: s_ap - margin <= s_an <= s_ap.

Under every rule but that corner, a row without a negative that counts contributes exactly 0.
The diagonal is never a negative, nor is any entry that the caller excludes: it is as the diagonal
under every rule (it does not even leave the course's s_an - 2 behind). Among equal closest
negatives the gradient is shared (`amax`, as in the course's JAX), and the hinge's gradient at
exactly zero is zero.
"""

from typing import assert_never

import torch
from torch import Tensor

from models.specs.losses import AnyTerm, ClosestNegative, LossSpec, MeanNegative

COURSE_PENALTY = 2.0  # what the course subtracts from a masked similarity


def hinge_terms(spec: LossSpec, similarities: Tensor, excluded: Tensor | None = None) -> Tensor:
    """The unweighted hinge of every term and row: (terms, B), each >= 0.

    `similarities` is (B, B), first questions by second questions. With `anchors: both` the two
    directions are averaged. `excluded` (B, B) is True where a pair is never a negative, the
    diagonal included; None means the diagonal alone.
    """
    if excluded is None:
        excluded = torch.eye(len(similarities), dtype=torch.bool, device=similarities.device)
    match spec.anchors:
        case "first":
            return _one_direction(spec, similarities, excluded)
        case "second":
            return _one_direction(spec, similarities.t(), excluded.t())
        case "both":
            first = _one_direction(spec, similarities, excluded)
            return (first + _one_direction(spec, similarities.t(), excluded.t())) / 2
        case _:
            assert_never(spec.anchors)


def reduce_terms(spec: LossSpec, hinges: Tensor) -> Tensor:
    """The loss of a batch: weighted terms added, rows summed or averaged as the spec says."""
    weights = hinges.new_tensor([term.weight for term in spec.terms])
    rows = (weights[:, None] * hinges).sum(dim=0)
    return rows.sum() if spec.reduction == "sum" else rows.mean()


def batch_loss(spec: LossSpec, similarities: Tensor, excluded: Tensor | None = None) -> Tensor:
    """The scalar loss of a batch whose similarities are (B, B); `excluded` as in `hinge_terms`."""
    return reduce_terms(spec, hinge_terms(spec, similarities, excluded))


def _one_direction(spec: LossSpec, similarities: Tensor, excluded: Tensor) -> Tensor:
    positive = similarities.diagonal()
    return torch.stack(
        [
            _hinge(term, spec.margin_of(term), similarities, positive, excluded)
            for term in spec.terms
        ]
    )


def _hinge(
    term: AnyTerm, margin: float, similarities: Tensor, positive: Tensor, excluded: Tensor
) -> Tensor:
    match term:
        case MeanNegative():
            negative = _mean(_counts(term, margin, similarities, positive, excluded), similarities)
        case ClosestNegative(among="not_harder_than_positive"):
            negative = _closest_of_course(similarities, positive, excluded)
        case ClosestNegative():
            counts = _counts(term, margin, similarities, positive, excluded)
            negative = similarities.masked_fill(~counts, -torch.inf).amax(dim=1)
        case _:
            assert_never(term)
    return torch.relu(margin - positive + negative)


def _counts(
    term: AnyTerm, margin: float, similarities: Tensor, positive: Tensor, excluded: Tensor
) -> Tensor:
    """Which entries (B, B) are negatives that count under the term's rule."""
    column = positive[:, None]
    match term.among:
        case "all":
            return ~excluded
        case "not_harder_than_positive":
            return (similarities <= column) & ~excluded
        case "semi_hard":
            return (similarities <= column) & (similarities >= column - margin) & ~excluded
        case _:
            assert_never(term.among)


def _mean(counts: Tensor, similarities: Tensor) -> Tensor:
    """Mean of the negatives that count; -inf where there is none, so that the hinge is 0."""
    number = counts.sum(dim=1)
    mean = similarities.masked_fill(~counts, 0).sum(dim=1) / number.clamp(min=1)
    return mean.masked_fill(number == 0, -torch.inf)


def _closest_of_course(similarities: Tensor, positive: Tensor, excluded: Tensor) -> Tensor:
    penalised = torch.where(
        similarities > positive[:, None], similarities - COURSE_PENALTY, similarities
    )
    return penalised.masked_fill(excluded, -torch.inf).amax(dim=1)
