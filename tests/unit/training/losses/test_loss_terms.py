"""Selectively contrastive and multiple negatives against loops that follow their formulas."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import ClosestNegative, MultipleNegatives, SelectivelyContrastive
from worker.training.losses.batch import Batch
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.losses import (
    DTYPES,
    batch,
    batches,
    collapsed_batch,
    random_batch,
    rows_of,
    tolerance_of,
)

ANCHORS = ("first", "second", "both")


def selective(margin: float = 0.25, **fields: Any) -> LossSpec:
    term = SelectivelyContrastive(kind="selectively_contrastive", **fields)
    return LossSpec(terms=(term,), margin=margin)


def ranking(**fields: Any) -> LossSpec:
    return LossSpec(terms=(MultipleNegatives(kind="multiple_negatives", **fields),))


def negatives_of(of: Batch) -> Iterator[tuple[float, list[float]]]:
    """For each anchor its s_ap and the list of its s_an."""
    rows, excluded = rows_of(of.similarities), of.excluded.tolist()
    for anchor, row in enumerate(rows):
        others = [float(s) for s, never in zip(row, excluded[anchor], strict=True) if not never]
        yield float(row[anchor]), others


def slow_selective(of: Batch, margin: float, strength: float) -> list[float]:
    values = []
    for s_ap, others in negatives_of(of):
        s_an = max(others, default=None)
        if s_an is None:
            values.append(0.0)
        elif s_an > s_ap:
            values.append(margin + strength * (s_an - s_ap))
        else:
            values.append(max(0.0, margin - s_ap + s_an))
    return values


def slow_ranking(of: Batch, scale: float) -> list[float]:
    values = []
    for s_ap, others in negatives_of(of):
        total = sum(math.exp(scale * s) for s in [s_ap, *others])
        values.append(-math.log(math.exp(scale * s_ap) / total))
    return values


def in_directions(
    of: Batch, anchors: str, slow: Callable[[Batch], list[float]]
) -> NDArray[np.float64]:
    sides = {"first": [of], "second": [of.turn()], "both": [of, of.turn()]}[anchors]
    mean: NDArray[np.float64] = np.mean([slow(side) for side in sides], axis=0)
    return mean


@given(
    of=batches(),
    margin=st.sampled_from([0.25, 1.0]),
    strength=st.sampled_from([0.5, 1.0, 3.0]),
    anchors=st.sampled_from(ANCHORS),
)
@settings(max_examples=80, deadline=None)
def test_selectively_contrastive_equals_its_formula_row_by_row(
    of: Batch, margin: float, strength: float, anchors: str
) -> None:
    loss = selective(margin, hard_weight=strength).model_copy(update={"anchors": anchors})
    expected = in_directions(of, anchors, lambda side: slow_selective(side, margin, strength))
    tolerance = 4 * tolerance_of(of.similarities.dtype)
    np.testing.assert_allclose(term_rows(loss, of)[0], expected, atol=tolerance)


@given(of=batches(), scale=st.sampled_from([1.0, 5.0, 20.0]), anchors=st.sampled_from(ANCHORS))
@settings(max_examples=80, deadline=None)
def test_multiple_negatives_equals_its_formula_row_by_row(
    of: Batch, scale: float, anchors: str
) -> None:
    loss = ranking(scale=scale).model_copy(update={"anchors": anchors})
    expected = in_directions(of, anchors, lambda side: slow_ranking(side, scale))
    tolerance = 40 * tolerance_of(of.similarities.dtype)
    np.testing.assert_allclose(term_rows(loss, of)[0], expected, atol=tolerance)


@given(of=batches())
@settings(max_examples=50, deadline=None)
def test_with_lambda_1_it_costs_what_the_closest_of_all_negatives_costs(of: Batch) -> None:
    plain = LossSpec(terms=(ClosestNegative(kind="closest_negative"),))
    tolerance = 4 * tolerance_of(of.similarities.dtype)
    found = term_rows(selective(), of)
    np.testing.assert_allclose(found, term_rows(plain, of), atol=tolerance)


@pytest.mark.parametrize("strength", [1.0, 2.5])
def test_a_harder_negative_is_pushed_and_its_positive_is_not_pulled(strength: float) -> None:
    similarities = torch.tensor([[0.5, 0.7, 0.1], [0.4, 0.5, 0.2], [0.1, 0.0, 0.5]])
    similarities.requires_grad_()
    term_rows(selective(hard_weight=strength), batch(similarities)).sum().backward()
    gradient = expect(Tensor, similarities.grad)
    assert gradient.tolist() == [[0.0, strength, 0.0], [1.0, -1.0, 0.0], [0.0] * 3]


def test_a_tie_with_the_positive_is_not_harder_so_the_positive_is_pulled() -> None:
    tied = torch.tensor([[0.5, 0.5], [-1.0, 1.0]], requires_grad=True)
    term_rows(selective(), batch(tied)).sum().backward()
    assert expect(Tensor, tied.grad)[0].tolist() == [-1.0, 1.0]


@pytest.mark.parametrize("loss", [selective(), ranking()], ids=["selective", "ranking"])
def test_a_row_without_negatives_contributes_exactly_nothing(loss: LossSpec) -> None:
    similarities = torch.tensor([[0.1, 0.9], [0.2, 0.0]], requires_grad=True)
    rows = term_rows(loss, batch(similarities, excluded=torch.ones(2, 2, dtype=torch.bool)))
    assert rows.tolist() == [[0.0, 0.0]]
    rows.sum().backward()
    assert expect(Tensor, similarities.grad).tolist() == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(("loss", "row"), [(selective(), 0.25), (ranking(), math.log(16))])
def test_a_collapsed_batch_has_its_known_cost_and_finite_gradients(
    loss: LossSpec, row: float
) -> None:
    of, vector = collapsed_batch(16)
    total = batch_loss(loss, of)
    assert total.item() == pytest.approx(16 * row, rel=1e-5)
    total.backward()
    assert expect(Tensor, vector.grad).isfinite().all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_ranking_stays_exact_where_plain_exponentials_would_overflow(dtype: torch.dtype) -> None:
    similarities = torch.tensor([[-1.0, 1.0], [-1.0, 1.0]], dtype=dtype)
    rows = term_rows(ranking(scale=1000.0), batch(similarities))[0].tolist()
    assert rows == [2000.0, 0.0]


def test_the_gradient_of_the_ranking_is_that_of_finite_differences() -> None:
    similarities = random_batch(6, seed=4).similarities.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: batch_loss(ranking(), batch(s)), similarities)
