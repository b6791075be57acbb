"""The in-batch hinge terms, and the rules for which negatives they count.

Each term turns the negatives of a row into one number and takes the hinge
max(0, margin - s_ap + number); `negatives` says which of the row count under a rule.

A row without a negative that counts contributes exactly 0, with one exception: for
`closest_negative`, the rule `not_harder_than_positive` is exactly the course's arithmetic.
Masked entries become s_an - 2 instead of vanishing, so a row whose negatives are all masked
contributes nothing unless the largest s_an exceeds s_ap by more than 2 - margin.

Among equal closest negatives the gradient is shared (`amax`, as in the course's JAX), and the
hinge's gradient at exactly zero is zero.
"""

from typing import assert_never

import torch
from torch import Tensor

from models.specs.terms import Among, ClosestNegative, MeanNegative
from worker.training.losses.batch import Batch

COURSE_PENALTY = 2.0  # what the course subtracts from a masked similarity


def hinge(margin: float, batch: Batch, negative: Tensor) -> Tensor:
    """max(0, margin - s_ap + negative) for each row: (B,). A negative of -inf gives 0."""
    return torch.relu(margin - batch.similarities.diagonal() + negative)


def mean_negative(term: MeanNegative, margin: float, batch: Batch) -> Tensor:
    """The hinge (B,) of the mean of the negatives that count."""
    counts = negatives(term.among_at(batch.step), margin, batch)
    number = counts.sum(dim=1)
    mean = batch.similarities.masked_fill(~counts, 0).sum(dim=1) / number.clamp(min=1)
    return hinge(margin, batch, mean.masked_fill(number == 0, -torch.inf))


def closest_negative(term: ClosestNegative, margin: float, batch: Batch) -> Tensor:
    """The hinge (B,) of the most similar negative that counts."""
    among = term.among_at(batch.step)
    if among == "not_harder_than_positive":
        return hinge(margin, batch, _closest_of_course(batch))
    return hinge(margin, batch, closest(batch, negatives(among, margin, batch)))


def closest(batch: Batch, counts: Tensor) -> Tensor:
    """The largest similarity (B,) among those that count; -inf where there is none."""
    return batch.similarities.masked_fill(~counts, -torch.inf).amax(dim=1)


def _closest_of_course(batch: Batch) -> Tensor:
    similarities = batch.similarities
    harder = similarities > similarities.diagonal()[:, None]
    penalised = similarities - COURSE_PENALTY * harder  # cheaper than to choose, and the same bits
    return penalised.masked_fill(batch.excluded, -torch.inf).amax(dim=1)


def negatives(among: Among, margin: float, batch: Batch) -> Tensor:
    """The negatives (B, B), bool, that count under a rule."""
    similarities = batch.similarities
    column = similarities.diagonal()[:, None]
    match among:
        case "all":
            return ~batch.excluded
        case "not_harder_than_positive":
            return (similarities <= column) & ~batch.excluded
        case "semi_hard":
            within = (similarities <= column) & (similarities >= column - margin)
            return within & ~batch.excluded
        case _:
            assert_never(among)
