"""Gradients of formulas: right where they exist, and harmless where a value is not used."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from pydantic import ValidationError
from torch import Tensor

from models.specs.losses import LossSpec
from worker.training.losses.batch import Batch
from worker.training.losses.terms import term_rows

from support.expect import expect
from support.formulas import accepted, formulas
from support.losses import batch, batches, collapsed_batch, random_batch

SMOOTH = [
    "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)",
    "softplus(5 * (mean(s_an) - s_ap)) * sigmoid(s_ap)",
    "sum(exp(s_an - s_ap) * tanh(s_an)) / batch_size",
    "mean(sqrt(2 - 2 * s_an)) - sqrt(2 - 2 * s_ap)",
    "mean(where(s_an > s_ap, (s_an - s_ap) ^ 2, abs(s_an) * s_ap))",
    "topk(s_an * s_ap, 3) + max(min(s_an, s_ap))",
    "cross_entropy(7 * s_ap, 7 * s_an - log(2 + s_ap))",
    "sum(detach(sigmoid(s_an)) * s_an) / (1 + s_ap ^ 2)",
]


def formula_of(row: str, **fields: Any) -> LossSpec:
    return LossSpec.model_validate({"terms": ({"kind": "formula", "row": row, **fields},)})


def gradient(row: str, similarities: Tensor, **options: Any) -> Tensor:
    leaf = similarities.detach().clone().requires_grad_()
    rows = term_rows(formula_of(row), batch(leaf, **options))[0]
    assert rows.isfinite().all()
    rows.sum().backward()
    return expect(Tensor, leaf.grad)


@pytest.mark.parametrize("row", [one for one in SMOOTH if "detach" not in one])
def test_the_gradient_is_that_of_finite_differences(row: str) -> None:
    similarities = random_batch(6, seed=4).similarities.requires_grad_()
    loss = formula_of(row)
    assert torch.autograd.gradcheck(lambda s: term_rows(loss, batch(s)).sum(), similarities)


def test_no_gradient_goes_through_detach() -> None:
    similarities = random_batch(6).similarities
    found = gradient("mean(detach(s_an) * s_an) + 0 * s_ap", similarities)
    expected = similarities.clone().fill_diagonal_(0) / 5
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "row",
    [
        "sum(where(s_an > 0, sqrt(s_an), s_an))",
        "sum(where(s_an > 0, 1 / s_an, s_ap))",
        "sum(where(s_an > 0, s_an ^ 0.5, s_ap * s_an))",
        "sum(where(s_an > 0, log(s_an), 0)) + s_ap",
        "sum(where(s_an < 0.6, s_ap / (s_an - 0.5) ^ 0 + exp(1000 * (s_an - 0.5)), 0))",
        "where(s_ap > 0, max(s_an) / s_ap, s_ap)",
        "where(max(s_an) > 0 and s_ap > 0, s_ap * log(max(s_an)), 0)",
        "sum(where(s_an > s_ap, (s_an - s_ap) ^ 0.5, 0))",
        "sum(where(s_ap > 0, s_an / s_ap, s_an))",
    ],
)
def test_the_side_of_a_where_that_was_not_chosen_harms_no_gradient(row: str) -> None:
    awkward = torch.tensor(
        [[0.0, 0.0, 0.5, -0.5], [0.0, 0.5, 0.0, 0.25], [1.0, 0.0, 1.0, 0.0], [0.25] * 4]
    )
    assert gradient(row, awkward.double()).isfinite().all()


@pytest.mark.parametrize("row", ["sqrt(2 - 2 * s_ap) + mean(s_an)", "mean(log(1 - s_an)) - s_ap"])
def test_a_root_or_logarithm_of_nothing_sends_nothing_back(row: str) -> None:
    ones = torch.full((4, 4), 1 + 1e-7)
    found = gradient(row, ones)
    assert found.isfinite().all()
    assert gradient("mean(sqrt(1 - s_an) + log(1 - s_an)) + s_ap", ones).tolist() == (
        torch.eye(4).tolist()
    )


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("relu(margin - s_ap + max(s_an))", 0.0),
        ("mean(s_an) - s_ap", 0.0),
        ("s_ap * min(s_an) / logsumexp(s_an)", 0.0),
        ("topk(s_an, 2) / s_ap + logmeanexp(s_an)", 0.0),
        ("sum(s_an) / count(s_an) * s_ap", 0.0),
        ("cross_entropy(20 * s_ap, 20 * s_an)", 0.0),
        ("relu(0.75 - s_ap) + sum(s_an) / max(count(s_an), 1)", 0.25),
        ("relu(0.75 - s_ap)", 0.25),
    ],
)
def test_a_row_without_negatives_is_0_unless_its_formula_needs_none(row: str, value: float) -> None:
    similarities = torch.full((3, 3), 0.5, requires_grad=True)
    excluded = torch.eye(3, dtype=torch.bool)
    excluded[0] = True
    rows = term_rows(formula_of(row), batch(similarities, excluded=excluded))[0]
    assert rows[0].item() == value
    rows.sum().backward()
    found = expect(Tensor, similarities.grad)
    assert found.isfinite().all()
    assert found[0].tolist() == [-1.0 if value else 0.0, 0.0, 0.0]


@given(text=formulas(), of=batches())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_pairs_that_never_count_have_no_gradient(text: str, of: Batch) -> None:
    """Off the diagonal; the diagonal is the positive's own."""
    try:
        loss = formula_of(accepted(text))
    except ValidationError:
        assume(False)
    leaf = of.similarities.detach().clone().requires_grad_()
    term_rows(loss, batch(leaf, excluded=of.excluded))[0].sum().backward()
    never = of.excluded & ~torch.eye(len(leaf), dtype=torch.bool)
    assert (expect(Tensor, leaf.grad)[never] == 0).all()


@pytest.mark.parametrize("row", SMOOTH)
def test_a_collapsed_batch_sends_finite_gradients_to_its_vectors(row: str) -> None:
    of, vector = collapsed_batch(16)
    term_rows(formula_of(row), of)[0].sum().backward()
    assert expect(Tensor, vector.grad).isfinite().all()
