"""The loss rules against a triple loop that a reader can check line by line."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.specs.losses import ClosestNegative, LossSpec, MeanNegative
from worker.training.losses import batch_loss, hinge_terms

AMONG = ("all", "not_harder_than_positive", "semi_hard")
KINDS = {"mean_negative": MeanNegative, "closest_negative": ClosestNegative}
DTYPES = (torch.float32, torch.float64)


def slow_hinges(loss, similarities, groups=None):
    """Every term, anchor and negative in a loop of its own, in the matrix's own precision.

    `groups`, one for each pair: those of the anchor's own group are no negatives.
    """
    groups = list(range(len(similarities))) if groups is None else groups
    number = np.float32 if similarities.dtype == torch.float32 else np.float64
    rows = [[number(value) for value in row] for row in similarities.tolist()]
    if loss.anchors == "both":
        sides = [
            slow_hinges(loss.model_copy(update={"anchors": side}), similarities, groups)
            for side in ("first", "second")
        ]
        return (np.array(sides[0]) + np.array(sides[1])) / 2
    if loss.anchors == "second":
        rows = [list(column) for column in zip(*rows, strict=True)]
    hinges = []
    for term in loss.terms:
        margin = number(loss.margin_of(term))
        of_term = []
        for anchor, row in enumerate(rows):
            positive, candidates = row[anchor], []
            for other, s_an in enumerate(row):
                if groups[other] == groups[anchor]:
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


def loss_of(*terms, **fields):
    return LossSpec(terms=tuple(KINDS[kind](kind=kind, among=a) for kind, a in terms), **fields)


EVERY_TERM = tuple(itertools.product(KINDS, AMONG))


@st.composite
def similarity_matrices(draw):
    """Random, tied, collapsed and all-masked batches: few distinct values make ties likely."""
    size = draw(st.integers(2, 7))
    values = st.one_of(
        st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0]),
        st.floats(-1, 1, width=32, allow_nan=False),
    )
    flat = draw(st.lists(values, min_size=size * size, max_size=size * size))
    return torch.tensor(flat, dtype=draw(st.sampled_from(DTYPES))).reshape(size, size)


@given(
    similarities=similarity_matrices(),
    margin=st.sampled_from([0.125, 0.25, 1.0, 1.5]),
    anchors=st.sampled_from(["first", "second", "both"]),
)
@settings(max_examples=400, deadline=None)
def test_every_rule_equals_the_triple_loop(similarities, margin, anchors):
    loss = loss_of(*EVERY_TERM, margin=margin, anchors=anchors)
    fast = hinge_terms(loss, similarities).numpy()
    tolerance = 1e-6 if similarities.dtype == torch.float32 else 1e-12
    np.testing.assert_allclose(fast, slow_hinges(loss, similarities), atol=tolerance, rtol=0)


def same_group(groups):
    """(B, B): which pairs are known to ask the same."""
    groups = torch.tensor(groups)
    return groups[:, None] == groups


@given(
    similarities=similarity_matrices(),
    anchors=st.sampled_from(["first", "second", "both"]),
    data=st.data(),
)
@settings(max_examples=200, deadline=None)
def test_known_duplicates_are_excluded_from_every_rule_as_in_the_triple_loop(
    similarities, anchors, data
):
    size = len(similarities)
    groups = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    loss = loss_of(*EVERY_TERM, anchors=anchors)
    fast = hinge_terms(loss, similarities, same_group(groups)).numpy()
    tolerance = 1e-6 if similarities.dtype == torch.float32 else 1e-12
    np.testing.assert_allclose(fast, slow_hinges(loss, similarities, groups), atol=tolerance)


@pytest.mark.parametrize(("kind", "among"), EVERY_TERM)
def test_a_row_whose_negatives_are_all_excluded_contributes_exactly_nothing(kind, among):
    """Even in the course's corner, where a masked negative would still cost."""
    similarities = torch.tensor([[-0.9, 0.9], [0.9, -0.9]], requires_grad=True)
    hinges = hinge_terms(loss_of((kind, among)), similarities, same_group([5, 5]))
    assert hinges.tolist() == [[0.0, 0.0]]
    hinges.sum().backward()
    assert similarities.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_which_pairs_are_excluded_may_differ_from_anchor_to_anchor():
    """`excluded` is read by row for first questions as anchors, and by column for second ones."""
    similarities = torch.tensor([[0.0, 0.2], [0.1, 0.0]], dtype=torch.float64)
    excluded = torch.tensor([[True, True], [False, True]])
    first, second = (
        hinge_terms(loss_of(("closest_negative", "all"), anchors=side), similarities, excluded)
        for side in ("first", "second")
    )
    assert first[0].tolist() == pytest.approx([0.0, 0.35])
    assert second[0].tolist() == pytest.approx([0.35, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [2, 33, 256])
def test_every_rule_equals_the_triple_loop_on_unit_vectors(dtype, size):
    generator = torch.Generator().manual_seed(size)
    first, second = torch.nn.functional.normalize(
        torch.randn(2, size, 5, generator=generator, dtype=dtype), dim=2
    )
    loss = loss_of(*EVERY_TERM)
    similarities = first @ second.t()
    fast = hinge_terms(loss, similarities).numpy()
    tolerance = 1e-6 if dtype == torch.float32 else 1e-12
    np.testing.assert_allclose(fast, slow_hinges(loss, similarities), atol=tolerance, rtol=0)


@given(
    similarities=similarity_matrices(), weights=st.lists(st.floats(0.1, 9), min_size=2, max_size=2)
)
@settings(deadline=None)
def test_the_batch_loss_adds_weighted_terms_and_reduces_as_asked(similarities, weights):
    terms = (
        MeanNegative(kind="mean_negative", weight=weights[0]),
        ClosestNegative(kind="closest_negative", weight=weights[1], margin=0.5),
    )
    rows = np.array(weights) @ slow_hinges(LossSpec(terms=terms), similarities)
    for reduction, expected in (("sum", rows.sum()), ("mean", rows.mean())):
        found = batch_loss(LossSpec(terms=terms, reduction=reduction), similarities).item()
        assert math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5)


def course_loss(among):
    return loss_of(("mean_negative", "all"), ("closest_negative", among))


@pytest.mark.parametrize("among", ["all", "not_harder_than_positive"])
@pytest.mark.parametrize("value", [1.0, 0.3, -1.0])
def test_a_collapsed_batch_costs_the_sum_of_margins_for_each_row(among, value):
    loss = course_loss(among)
    similarities = torch.full((256, 256), value)
    assert batch_loss(loss, similarities).item() == pytest.approx(128, abs=1e-4)
    assert loss.collapsed_loss_per_row == 0.5


def test_the_notebooks_own_example_costs_0_7035():
    """C3_W4 calls `TripletLossFn(v2, v1)`, so its rows are the second questions; sum 0.7035."""
    v1 = torch.tensor([[0.26726124, 0.53452248, 0.80178373], [0.5178918, 0.57543534, 0.63297887]])
    v2 = v1 * torch.tensor([[1.0], [-1.0]])
    loss = course_loss("not_harder_than_positive").model_copy(update={"anchors": "second"})
    assert batch_loss(loss, v1 @ v2.t()).item() == pytest.approx(0.7035, abs=1e-4)


def test_the_mask_is_strict_so_a_tie_with_the_positive_still_counts():
    tied = torch.tensor([[0.5, 0.5], [-1.0, 1.0]])
    hinges = hinge_terms(loss_of(("closest_negative", "not_harder_than_positive")), tied)
    assert hinges[0].tolist() == [0.25, 0.0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("among", ["not_harder_than_positive", "semi_hard"])
def test_a_row_whose_negatives_are_all_masked_contributes_exactly_nothing(kind, among):
    similarities = torch.tensor([[0.1, 0.9], [0.2, 0.0]], requires_grad=True)
    hinges = hinge_terms(loss_of((kind, among)), similarities)
    assert hinges.tolist() == [[0.0, 0.0]]
    hinges.sum().backward()
    assert similarities.grad.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_the_course_keeps_a_corner_where_a_masked_negative_still_costs():
    """s_max - s_ap > 1.75: the masked entry s - 2 is still above s_ap - 0.25."""
    similarities = torch.tensor([[-0.9, 0.9], [0.0, 1.0]], dtype=torch.float64)
    course = hinge_terms(loss_of(("closest_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinge_terms(loss_of(("closest_negative", "semi_hard")), similarities)
    assert course[0, 0].item() == pytest.approx(0.05)
    assert semi_hard[0, 0].item() == 0.0


@given(similarities=similarity_matrices())
@settings(deadline=None)
def test_semi_hard_and_the_courses_mask_are_one_loss_for_the_closest_negative(similarities):
    course = hinge_terms(loss_of(("closest_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinge_terms(loss_of(("closest_negative", "semi_hard")), similarities)
    positive = similarities.diagonal()
    off_diagonal = similarities - 9 * torch.eye(len(similarities), dtype=similarities.dtype)
    corner = off_diagonal.amax(dim=1) - positive > 1.75 - 1e-6
    assert torch.allclose(course[0][~corner], semi_hard[0][~corner], atol=1e-6)


def test_semi_hard_and_the_courses_mask_differ_for_the_mean_negative():
    similarities = torch.tensor([[0.5, 0.4, -0.9], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]])
    course = hinge_terms(loss_of(("mean_negative", "not_harder_than_positive")), similarities)
    semi_hard = hinge_terms(loss_of(("mean_negative", "semi_hard")), similarities)
    assert course[0, 0] < semi_hard[0, 0]


def test_the_diagonal_is_never_a_negative():
    best_is_own = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert hinge_terms(loss_of(*EVERY_TERM), best_is_own).sum().item() == 0.0


def test_tied_closest_negatives_share_the_gradient():
    similarities = torch.tensor([[0.5, 0.4, 0.4], [0.0] * 3, [0.0] * 3], requires_grad=True)
    hinge_terms(loss_of(("closest_negative", "all")), similarities)[0, 0].backward()
    assert similarities.grad[0].tolist() == [-1.0, 0.5, 0.5]


@given(similarities=similarity_matrices(), data=st.data())
@settings(deadline=None)
def test_the_loss_does_not_depend_on_the_order_of_the_pairs(similarities, data):
    order = torch.tensor(data.draw(st.permutations(range(len(similarities)))))
    loss = loss_of(*EVERY_TERM)
    shuffled = similarities[order][:, order]
    assert torch.allclose(
        hinge_terms(loss, similarities)[:, order], hinge_terms(loss, shuffled), atol=1e-6
    )


def test_the_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    similarities = torch.rand(6, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    for anchors in ("first", "second", "both"):
        loss = loss_of(*EVERY_TERM, anchors=anchors)
        assert torch.autograd.gradcheck(lambda s, loss=loss: batch_loss(loss, s), similarities)
