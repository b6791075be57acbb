"""Formulas against the terms that are written by hand: the same bits, where both are ours."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from models.specs.formula.arrays import Rows, row_values
from models.specs.formula.errors import FormulaError
from models.specs.formula.grammar import parse
from models.specs.losses import LossSpec
from worker.training.losses.batch import Batch, batch_of
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.formulas import NEARLY, SAME_BITS, accepted, formulas
from support.losses import batch, batches, collapsed_batch, random_batch

ANCHORS = ("first", "second", "both")


def loss_of(term: dict[str, Any], **fields: Any) -> LossSpec:
    return LossSpec.model_validate({"terms": (term,), **fields})


def formula_of(row: str, **fields: Any) -> LossSpec:
    return loss_of({"kind": "formula", "row": row, **fields})


def rows_and_gradient(loss: LossSpec, of: Batch) -> tuple[Tensor, Tensor]:
    """The rows of a loss, and the gradient that they send back, each row with a weight of its own
    so that no error of one hides behind another."""
    similarities = of.similarities.detach().clone().requires_grad_()
    rows = term_rows(loss, batch(similarities, excluded=of.excluded, step=of.step))[0]
    weights = torch.arange(1, len(rows) + 1).to(rows)
    (rows * weights).sum().backward()
    return rows.detach(), expect(Tensor, similarities.grad)


@pytest.mark.parametrize("name", SAME_BITS)
@given(of=batches(), anchors=st.sampled_from(ANCHORS), margin=st.sampled_from([0.25, 1.0]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_term_in_other_words_has_the_same_bits(
    name: str, of: Batch, anchors: str, margin: float
) -> None:
    term, formula = SAME_BITS[name]
    fields = {"anchors": anchors, "margin": margin}
    rows, gradient = rows_and_gradient(loss_of(term, **fields), of)
    same_rows, same_gradient = rows_and_gradient(
        loss_of({"kind": "formula", **formula}, **fields), of
    )
    assert torch.equal(same_rows, rows)
    assert torch.equal(same_gradient, gradient)


@pytest.mark.parametrize("name", SAME_BITS)
@pytest.mark.parametrize("size", [16, 128])
def test_from_unit_vectors_the_gradients_have_the_same_bits(name: str, size: int) -> None:
    term, formula = SAME_BITS[name]
    gradients = []
    for loss in (loss_of(term), loss_of({"kind": "formula", **formula})):
        for of in (random_batch(size, dtype=torch.float32), collapsed_batch(size)[0]):
            vectors = torch.stack([of.first, of.second]).detach().requires_grad_()
            batch_loss(loss, batch_of(*vectors.unbind(), step=1)).backward()
            gradients.append(expect(Tensor, vectors.grad))
    assert torch.equal(gradients[0], gradients[2])
    assert torch.equal(gradients[1], gradients[3])


@pytest.mark.parametrize("name", NEARLY)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("excludes", [False, True])
def test_a_term_of_the_library_is_met_up_to_rounding(name: str, seed: int, excludes: bool) -> None:
    """The library adds and subtracts in another order, and has its own constants against overflow;
    in double precision the two agree to ten digits. A drawn term is met by its expected value."""
    term, row = NEARLY[name]
    excluded = torch.eye(8, dtype=torch.bool)
    if excludes:
        excluded[0] = excluded[3, 4:] = True
    of = random_batch(8, width=8, seed=seed, excluded=excluded)
    gradients = []
    for loss in (loss_of(term), formula_of(row)):
        vectors = torch.stack([of.first, of.second]).requires_grad_()
        # the library makes unit vectors of them itself, which its gradient goes through
        sides = torch.nn.functional.normalize(vectors, dim=2).unbind()
        rows = term_rows(loss, batch_of(*sides, step=1, excluded=excluded))[0]
        (rows * torch.arange(1, 9)).sum().backward()
        gradients.append((rows.detach(), expect(Tensor, vectors.grad)))
    for found, expected in zip(gradients[1], gradients[0], strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10)


@given(text=formulas(), of=batches(), step=st.integers(1, 9))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_torch_gives_what_numpy_gives(text: str, of: Batch, step: int) -> None:
    similarities = of.similarities.double()
    row = accepted(text)
    try:
        loss = formula_of(row)
    except ValidationError:  # too large, or 1 / 0
        assume(False)
    found = term_rows(loss, batch(similarities, excluded=of.excluded, step=step))[0].numpy()
    matrix = similarities.numpy()
    rows = Rows(matrix.diagonal(), matrix, ~of.excluded.numpy(), 0.25, step, len(matrix))
    expected = row_values(parse(row), rows)
    # where a value is the small difference of large ones, or beside a step, it may differ
    with np.errstate(all="ignore"):
        allowed = 1e-6 * np.maximum(1.0, np.abs(expected))
        moved = [
            row_values(parse(row), Rows(m.diagonal(), m, rows.counts, 0.25, step, len(m)))
            for m in (matrix * (1 + 1e-12), matrix * (1 - 1e-12))
        ]
        firm = np.all([np.abs(one - expected) < 0.1 * allowed for one in moved], axis=0)
        near = np.abs(found - expected) <= allowed
    assert near[firm & (np.abs(expected) < 1e100)].all()


@given(text=formulas(), of=batches())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_a_formula_computes_each_row_by_itself(text: str, of: Batch) -> None:
    try:
        loss = formula_of(accepted(text))
    except ValidationError:
        assume(False)
    whole = term_rows(loss, of)[0]
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(1))
    mixed = batch(of.similarities[order][:, order], excluded=of.excluded[order][:, order])
    found = term_rows(loss, mixed)[0]
    torch.testing.assert_close(found, whole[order], rtol=1e-3, atol=1e-3, equal_nan=True)


def test_step_and_batch_size_are_read() -> None:
    loss = formula_of("s_ap * 0 + step + 100 * batch_size + where(step > 3, 0.5, 0)")
    of = random_batch(6)
    assert term_rows(loss, of)[0].tolist() == [601.0] * 6
    later = batch(of.similarities, step=4)
    assert term_rows(loss, later)[0].tolist() == [604.5] * 6
    measured = batch_of(of.first, of.second, last_step=9)
    assert term_rows(loss, measured)[0].tolist() == [609.5] * 6
    with pytest.raises(ValueError, match="neither a step nor a last one"):
        term_rows(loss, batch_of(of.first, of.second))


def test_rank_and_topk_count_as_they_say() -> None:
    similarities = torch.tensor([[0.9, 0.1, 0.3, 0.3, 0.7], *[[0.0] * 5] * 4])
    excluded = torch.zeros(5, 5, dtype=torch.bool)
    excluded[0, 4] = True
    of = batch(similarities, excluded=excluded)

    def first(row: str) -> float:
        return float(term_rows(formula_of(f"0 * s_ap + {row}"), of)[0][0])

    assert first("count(s_an)") == 3
    assert first("count(s_an > 0.2)") == 2
    assert first("log(count(s_an)) - log(3)") == 0
    assert first("softplus(count(s_an) - 3) - softplus(0)") == 0
    assert first("sum(rank(s_an))") == 1 + 1 + 3
    assert first("sum(where(rank(s_an) == 3, s_an, 0))") == pytest.approx(0.1)
    assert first("topk(s_an, 1)") == pytest.approx(0.3)
    assert first("topk(s_an, 3)") == first("topk(s_an, 99)") == pytest.approx(0.7 / 3)
    assert first("logmeanexp(s_an)") == pytest.approx(
        float(np.log(np.mean(np.exp([0.1, 0.3, 0.3]))))
    )


def test_a_positive_that_is_one_number_in_every_row_is_that_of_each() -> None:
    of = random_batch(5)
    found = term_rows(formula_of("cross_entropy(where(0 < 0, s_ap, 0), s_an)"), of)
    assert torch.equal(found, term_rows(formula_of("cross_entropy(0 * s_ap, s_an)"), of))


def test_what_cannot_be_read_raises_the_error_of_the_language_alone() -> None:
    with pytest.raises(FormulaError):
        parse("__import__('os')")
