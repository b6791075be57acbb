"""The library's terms against their papers' formulas, written out here pair by pair."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss
from torch import Tensor

from models.specs.library_terms import (
    BatchHardSoftMargin,
    Circle,
    Contrastive,
    LibraryTerm,
    MultiSimilarity,
)
from models.specs.losses import LossSpec
from worker.training.losses.batch import Batch
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.losses import DTYPES, collapsed_batch, random_batch, unit_vectors

CONTRASTIVE = Contrastive(kind="contrastive", positive_margin=0.9, negative_margin=0.1)
MULTI_SIMILARITY = MultiSimilarity(kind="multi_similarity", alpha=3, beta=10, base=0.2)
CIRCLE = Circle(kind="circle", relaxation=0.25, scale=16)
SOFT_MARGIN = BatchHardSoftMargin(kind="batch_hard_soft_margin")
TERMS = (CONTRASTIVE, MULTI_SIMILARITY, CIRCLE, SOFT_MARGIN)
KINDS = [term.kind for term in TERMS]


def contrastive(s_ap: float, negatives: list[float]) -> float:
    costs = [s - 0.1 for s in negatives if s > 0.1]
    return max(0.0, 0.9 - s_ap) + (sum(costs) / len(costs) if costs else 0.0)


def multi_similarity(s_ap: float, negatives: list[float]) -> float:
    positive = math.log(1 + math.exp(-3 * (s_ap - 0.2))) / 3
    return positive + math.log(1 + sum(math.exp(10 * (s - 0.2)) for s in negatives)) / 10


def circle(s_ap: float, negatives: list[float]) -> float:
    """Equation 5, with the optima O_p = 1 + m and O_n = -m and the margins 1 - m and m."""
    m, gamma = 0.25, 16
    pull = math.exp(-gamma * max(0.0, 1 + m - s_ap) * (s_ap - (1 - m)))
    push = sum(math.exp(gamma * max(0.0, s + m) * (s - m)) for s in negatives)
    return math.log(1 + push * pull)


def soft_margin(s_ap: float, negatives: list[float]) -> float:
    return math.log(1 + math.exp(max(negatives) - s_ap)) if negatives else 0.0


FORMULAS = dict(zip(KINDS, (contrastive, multi_similarity, circle, soft_margin), strict=True))


def slow_rows(term: LibraryTerm, of: Batch) -> list[float]:
    """One anchor after the other: its positive, and the negatives that are not excluded."""
    values = []
    for anchor, row in enumerate(of.similarities.double().tolist()):
        negatives = [s for s, no in zip(row, of.excluded[anchor], strict=True) if not no]
        values.append(FORMULAS[term.kind](row[anchor], negatives))
    return values


def loss_of(term: LibraryTerm, **fields: Any) -> LossSpec:
    return LossSpec(terms=(term,), **fields)


def some_excluded(size: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    some = torch.rand(size, size, generator=generator) < 0.4
    return some | torch.eye(size, dtype=torch.bool)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("term", TERMS, ids=KINDS)
@pytest.mark.parametrize("size", [2, 3, 9])
def test_a_term_equals_its_formula_row_by_row(
    term: LibraryTerm, size: int, dtype: torch.dtype
) -> None:
    for seed in range(6):
        excluded = some_excluded(size, seed) if seed % 2 else None
        of = random_batch(size, width=3, dtype=dtype, seed=seed, excluded=excluded)
        tolerance = 1e-4 if dtype == torch.float32 else 1e-9
        found = term_rows(loss_of(term), of)[0]
        np.testing.assert_allclose(found, slow_rows(term, of), rtol=tolerance, atol=tolerance)
        turned = term_rows(loss_of(term, anchors="second"), of)[0]
        np.testing.assert_allclose(
            turned, slow_rows(term, of.turn()), rtol=tolerance, atol=tolerance
        )
        both = term_rows(loss_of(term, anchors="both"), of)[0]
        assert torch.equal(both, (found + turned) / 2)


@pytest.mark.parametrize("term", TERMS, ids=KINDS)
def test_the_positives_on_the_diagonal_are_not_lost(term: LibraryTerm) -> None:
    """The library drops them when one label tensor serves both sides; a loss must then not
    look learned: here every positive is as far away as can be, and every row has to pay."""
    first = torch.nn.functional.normalize(torch.ones(8, 4) + torch.eye(8, 4), dim=1)
    of = random_batch(8)
    far = type(of)(first, -first, -first @ first.t(), of.excluded, 1, None)
    assert (term_rows(loss_of(term), far)[0] > 0.3).all()


def test_the_trap_of_one_label_tensor_is_real() -> None:
    """Were this to fail, the library has changed and `library.py` can say less about it."""
    first, _ = unit_vectors(6)
    labels = torch.arange(6)
    trapped = ContrastiveLoss(pos_margin=1, neg_margin=1, distance=CosineSimilarity())
    assert trapped(first, labels, ref_emb=-first, ref_labels=labels).item() == 0.0
    assert trapped(first, labels, ref_emb=-first, ref_labels=labels.clone()).item() > 1.9


@pytest.mark.parametrize("term", TERMS, ids=KINDS)
def test_questions_of_the_same_side_are_never_compared(term: LibraryTerm) -> None:
    """All first questions alike, all second ones alike and far away: no s_an is above -1, so a
    negative costs as little as it can although all first questions are in one place."""
    first = torch.zeros(5, 3, dtype=torch.float64)
    first[:, 0] = 1
    of = random_batch(5)
    apart = type(of)(first, -first, -torch.ones(5, 5).double(), of.excluded, 1, None)
    found = term_rows(loss_of(term), apart)[0]
    np.testing.assert_allclose(found, slow_rows(term, apart), rtol=1e-9)


# circle holds its weights constant on purpose: its gradient is no plain derivative
@pytest.mark.parametrize("term", [CONTRASTIVE, MULTI_SIMILARITY, SOFT_MARGIN])
def test_the_gradient_reaches_both_sides_and_is_that_of_finite_differences(
    term: LibraryTerm,
) -> None:
    vectors = unit_vectors(5, width=3, seed=8).requires_grad_()

    def loss(pair: Tensor) -> Tensor:
        first, second = torch.nn.functional.normalize(pair, dim=2)
        of = random_batch(5)
        return batch_loss(
            loss_of(term), type(of)(first, second, first @ second.t(), of.excluded, 1, None)
        )

    assert torch.autograd.gradcheck(loss, vectors)
    loss(vectors).backward()
    assert (expect(Tensor, vectors.grad).abs().sum(dim=(1, 2)) > 0).all()


@pytest.mark.parametrize("term", TERMS, ids=KINDS)
def test_a_collapsed_batch_has_finite_gradients(term: LibraryTerm) -> None:
    of, vector = collapsed_batch()
    loss = batch_loss(loss_of(term), of)
    assert loss.isfinite()
    loss.backward()
    assert expect(Tensor, vector.grad).isfinite().all()


def test_a_collapsed_batch_costs_log_2_a_row_under_the_soft_margin() -> None:
    of, _ = collapsed_batch(8)
    loss = loss_of(SOFT_MARGIN.model_copy(update={"weight": 3.0}), reduction="mean")
    assert batch_loss(loss, of).item() == pytest.approx(3 * math.log(2), rel=1e-5)
    assert loss.collapsed_loss_per_row == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("term", TERMS, ids=KINDS)
def test_a_row_whose_negatives_are_all_excluded_pays_for_its_positive_at_most(
    term: LibraryTerm,
) -> None:
    of = random_batch(4, excluded=torch.ones(4, 4, dtype=torch.bool))
    found = term_rows(loss_of(term), of)[0]
    if term in (CIRCLE, SOFT_MARGIN):
        assert found.tolist() == [0.0] * 4
    else:
        np.testing.assert_allclose(found, slow_rows(term, of), rtol=1e-9)
