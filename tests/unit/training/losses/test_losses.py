"""The loss rules against a triple loop that a reader can check line by line."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import ClosestNegative, MeanNegative
from worker.training.losses.batch import Batch
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.losses import (
    DTYPES,
    batch,
    batches,
    random_batch,
    rows_of,
    similarity_matrices,
    tolerance_of,
)

AMONG = ("all", "not_harder_than_positive", "semi_hard")
KINDS = {"mean_negative": MeanNegative, "closest_negative": ClosestNegative}


def slow_hinges(loss: LossSpec, of: Batch) -> NDArray[np.float64]:
    """Every term, anchor and negative in a loop of its own, in the matrix's own precision."""
    number = np.float32 if of.similarities.dtype == torch.float32 else np.float64
    rows, excluded = rows_of(of.similarities), of.excluded.tolist()
    if loss.anchors == "both":
        sides = [
            slow_hinges(loss.model_copy(update={"anchors": side}), of)
            for side in ("first", "second")
        ]
        return (np.array(sides[0]) + np.array(sides[1])) / 2
    if loss.anchors == "second":
        rows, excluded = list(zip(*rows, strict=True)), list(zip(*excluded, strict=True))
    hinges = []
    for term in loss.terms:
        assert isinstance(term, MeanNegative | ClosestNegative)
        margin = number(loss.margin_of(term))
        of_term = []
        for anchor, row in enumerate(rows):
            positive, candidates = row[anchor], []
            for other, s_an in enumerate(row):
                if other == anchor or excluded[anchor][other]:
                    continue
                harder = s_an > positive
                if term.among == "all" or not harder:
                    if term.among != "semi_hard" or s_an >= positive - margin:
                        candidates.append(s_an)
                elif term.kind == "closest_negative" and term.among == "not_harder_than_positive":
                    candidates.append(s_an - number(2))  # the course subtracts, it does not drop
            if not candidates:
                of_term.append(0.0)
                continue
            mean = sum(map(float, candidates)) / len(candidates)
            negative = max(candidates) if term.kind == "closest_negative" else mean
            of_term.append(max(0.0, float(margin) - float(positive) + float(negative)))
        hinges.append(of_term)
    return np.array(hinges)


def loss_of(*terms: tuple[str, str], **fields: Any) -> LossSpec:
    return LossSpec(terms=tuple(KINDS[kind](kind=kind, among=a) for kind, a in terms), **fields)


def hinges_of(loss: LossSpec, similarities: Tensor, excluded: Tensor | None = None) -> Tensor:
    return term_rows(loss, batch(similarities, excluded=excluded))


EVERY_TERM = tuple(itertools.product(KINDS, AMONG))


@given(
    of=batches(),
    margin=st.sampled_from([0.125, 0.25, 1.0, 1.5]),
    anchors=st.sampled_from(["first", "second", "both"]),
)
@settings(max_examples=400, deadline=None)
def test_every_rule_equals_the_triple_loop(of: Batch, margin: float, anchors: str) -> None:
    loss = loss_of(*EVERY_TERM, margin=margin, anchors=anchors)
    tolerance = tolerance_of(of.similarities.dtype)
    fast = term_rows(loss, of).numpy()
    np.testing.assert_allclose(fast, slow_hinges(loss, of), atol=tolerance, rtol=0)


@pytest.mark.parametrize(("kind", "among"), EVERY_TERM)
def test_a_row_whose_negatives_are_all_excluded_contributes_exactly_nothing(
    kind: str, among: str
) -> None:
    """Even in the course's corner, where a masked negative would still cost."""
    similarities = torch.tensor([[-0.9, 0.9], [0.9, -0.9]], requires_grad=True)
    hinges = hinges_of(loss_of((kind, among)), similarities, torch.ones(2, 2, dtype=torch.bool))
    assert hinges.tolist() == [[0.0, 0.0]]
    hinges.sum().backward()
    assert expect(Tensor, similarities.grad).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_which_pairs_are_excluded_may_differ_from_anchor_to_anchor() -> None:
    """`excluded` is read by row for first questions as anchors, and by column for second ones."""
    similarities = torch.tensor([[0.0, 0.2], [0.1, 0.0]], dtype=torch.float64)
    excluded = torch.tensor([[True, True], [False, True]])
    first, second = (
        hinges_of(loss_of(("closest_negative", "all"), anchors=side), similarities, excluded)
        for side in ("first", "second")
    )
    assert first[0].tolist() == pytest.approx([0.0, 0.35])
    assert second[0].tolist() == pytest.approx([0.35, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 33, 256])
def test_every_rule_equals_the_triple_loop_on_unit_vectors(dtype: torch.dtype, size: int) -> None:
    loss, of = loss_of(*EVERY_TERM), random_batch(size, width=5, dtype=dtype, seed=size)
    fast = term_rows(loss, of).numpy()
    np.testing.assert_allclose(fast, slow_hinges(loss, of), atol=tolerance_of(dtype), rtol=0)


@given(
    similarities=similarity_matrices(), weights=st.lists(st.floats(0.1, 9), min_size=2, max_size=2)
)
@settings(deadline=None)
def test_the_batch_loss_adds_weighted_terms_and_reduces_as_asked(
    similarities: Tensor, weights: list[float]
) -> None:
    terms = (
        MeanNegative(kind="mean_negative", weight=weights[0]),
        ClosestNegative(kind="closest_negative", weight=weights[1], margin=0.5),
    )
    plain = LossSpec(terms=terms)
    rows = np.array(weights) @ slow_hinges(plain, batch(similarities))
    for reduction, expected in (("sum", rows.sum()), ("mean", rows.mean())):
        loss = plain.model_copy(update={"reduction": reduction})
        found = batch_loss(loss, batch(similarities)).item()
        assert math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5)


def course_loss(among: str) -> LossSpec:
    return loss_of(("mean_negative", "all"), ("closest_negative", among))


@pytest.mark.parametrize("among", ["all", "not_harder_than_positive"])
@pytest.mark.parametrize("value", [1.0, 0.3, -1.0])
def test_a_collapsed_batch_costs_the_sum_of_margins_for_each_row(among: str, value: float) -> None:
    loss = course_loss(among)
    similarities = torch.full((256, 256), value)
    assert batch_loss(loss, batch(similarities)).item() == pytest.approx(128, abs=1e-4)
    assert loss.collapsed_loss_per_row == 0.5


def test_the_notebooks_own_example_costs_0_7035() -> None:
    """C3_W4 calls `TripletLossFn(v2, v1)`, so its rows are the second questions; sum 0.7035."""
    v1 = torch.tensor([[0.26726124, 0.53452248, 0.80178373], [0.5178918, 0.57543534, 0.63297887]])
    v2 = v1 * torch.tensor([[1.0], [-1.0]])
    loss = course_loss("not_harder_than_positive").model_copy(update={"anchors": "second"})
    assert batch_loss(loss, batch(v1 @ v2.t())).item() == pytest.approx(0.7035, abs=1e-4)


def test_the_mask_is_strict_so_a_tie_with_the_positive_still_counts() -> None:
    tied = torch.tensor([[0.5, 0.5], [-1.0, 1.0]])
    hinges = hinges_of(loss_of(("closest_negative", "not_harder_than_positive")), tied)
    assert hinges[0].tolist() == [0.25, 0.0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("among", ["not_harder_than_positive", "semi_hard"])
def test_a_row_whose_negatives_are_all_masked_contributes_exactly_nothing(
    kind: str, among: str
) -> None:
    similarities = torch.tensor([[0.1, 0.9], [0.2, 0.0]], requires_grad=True)
    hinges = hinges_of(loss_of((kind, among)), similarities)
    assert hinges.tolist() == [[0.0, 0.0]]
    hinges.sum().backward()
    assert expect(Tensor, similarities.grad).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_course_keeps_a_corner_where_a_masked_negative_still_costs() -> None:
    """s_max - s_ap > 1.75: the masked entry s - 2 is still above s_ap - 0.25."""
    similarities = torch.tensor([[-0.9, 0.9], [0.0, 1.0]], dtype=torch.float64)
    course = hinges_of(loss_of(("closest_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinges_of(loss_of(("closest_negative", "semi_hard")), similarities)
    assert course[0, 0].item() == pytest.approx(0.05)
    assert semi_hard[0, 0].item() == 0.0


@given(similarities=similarity_matrices())
@settings(deadline=None)
def test_semi_hard_and_the_courses_mask_are_one_loss_for_the_closest_negative(
    similarities: Tensor,
) -> None:
    course = hinges_of(loss_of(("closest_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinges_of(loss_of(("closest_negative", "semi_hard")), similarities)
    positive = similarities.diagonal()
    off_diagonal = similarities - 9 * torch.eye(len(similarities), dtype=similarities.dtype)
    corner = off_diagonal.amax(dim=1) - positive > 1.75 - 1e-6
    assert torch.allclose(course[0][~corner], semi_hard[0][~corner], atol=1e-6)


def test_semi_hard_and_the_courses_mask_differ_for_the_mean_negative() -> None:
    similarities = torch.tensor([[0.5, 0.4, -0.9], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]])
    course = hinges_of(loss_of(("mean_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinges_of(loss_of(("mean_negative", "semi_hard")), similarities)
    assert course[0, 0] < semi_hard[0, 0]


def test_the_diagonal_is_never_a_negative() -> None:
    best_is_own = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert hinges_of(loss_of(*EVERY_TERM), best_is_own).sum().item() == 0.0


def test_tied_closest_negatives_share_the_gradient() -> None:
    similarities = torch.tensor([[0.5, 0.4, 0.4], [0.0] * 3, [0.0] * 3], requires_grad=True)
    hinges_of(loss_of(("closest_negative", "all")), similarities)[0, 0].backward()
    assert expect(Tensor, similarities.grad)[0].tolist() == [-1.0, 0.5, 0.5]


@given(similarities=similarity_matrices(), data=st.data())
@settings(deadline=None)
def test_the_loss_does_not_depend_on_the_order_of_the_pairs(
    similarities: Tensor, data: st.DataObject
) -> None:
    order = torch.tensor(data.draw(st.permutations(range(len(similarities)))))
    loss = loss_of(*EVERY_TERM)
    shuffled = similarities[order][:, order]
    assert torch.allclose(
        hinges_of(loss, similarities)[:, order], hinges_of(loss, shuffled), atol=1e-6
    )


def test_the_gradient_is_that_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    similarities = torch.rand(6, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    for anchors in ("first", "second", "both"):
        loss = loss_of(*EVERY_TERM, anchors=anchors)
        assert torch.autograd.gradcheck(
            lambda s, loss=loss: batch_loss(loss, batch(s)), similarities
        )
