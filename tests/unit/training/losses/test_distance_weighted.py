"""Distance weighted sampling: its probabilities by hand, its draws, and its expected value."""

import math
from collections.abc import Sequence
from typing import SupportsFloat

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import DistanceWeighted
from worker.training.losses.batch import Batch
from worker.training.losses.distance_weighted import probabilities
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.losses import DTYPES, batch, batches, collapsed_batch, random_batch, rows_of

TERM = DistanceWeighted(kind="distance_weighted")
LOSS = LossSpec(terms=(TERM,), margin=0.5)


def slow_probabilities(
    row: Sequence[SupportsFloat], never: Sequence[bool], dimension: int
) -> list[float]:
    """Section 4 of Wu et al. 2017, one negative at a time, with the authors' two cut-offs."""
    weights = []
    for s_an, excluded in zip(row, never, strict=True):
        distance = math.sqrt(max(0.0, 2 - 2 * float(s_an)))
        if excluded or distance >= 1.4:
            weights.append(0.0)
            continue
        d = max(distance, 0.5)
        density = d ** (dimension - 2) * (1 - d * d / 4) ** ((dimension - 3) / 2)
        weights.append(1 / density)
    return [weight / sum(weights) if weight else 0.0 for weight in weights]


def slow_expected(of: Batch, margin: float) -> list[float]:
    rows, excluded = rows_of(of.similarities), of.excluded.tolist()
    values = []
    for anchor, row in enumerate(rows):
        chances = slow_probabilities(row, excluded[anchor], of.first.shape[1])
        hinges = [max(0.0, margin - float(row[anchor]) + float(s_an)) for s_an in row]
        values.append(sum(p * h for p, h in zip(chances, hinges, strict=True)))
    return values


@given(of=batches(), dimension=st.integers(2, 40))
@settings(max_examples=60, deadline=None)
def test_the_probabilities_are_inverse_to_the_density_of_distances(
    of: Batch, dimension: int
) -> None:
    of = batch(of.similarities, excluded=of.excluded, width=dimension)
    rows = zip(rows_of(of.similarities), of.excluded.tolist(), strict=True)
    expected = [slow_probabilities(row, never, dimension) for row, never in rows]
    tolerance = 1e-4 if of.similarities.dtype == torch.float32 else 1e-10
    np.testing.assert_allclose(probabilities(of), expected, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_probabilities_stay_finite_in_many_dimensions(dtype: torch.dtype) -> None:
    found = probabilities(random_batch(64, width=512, dtype=dtype))
    assert found.isfinite().all()
    drawn = found.sum(dim=1)
    assert ((drawn - 1).abs() < 1e-5).logical_or(drawn == 0).all()


@given(of=batches(), anchors=st.sampled_from(["first", "second", "both"]))
@settings(max_examples=50, deadline=None)
def test_without_a_seed_a_row_costs_the_expected_hinge(of: Batch, anchors: str) -> None:
    loss = LOSS.model_copy(update={"anchors": anchors})
    sides = {"first": [of], "second": [of.turn()], "both": [of, of.turn()]}[anchors]
    expected = np.mean([slow_expected(side, 0.5) for side in sides], axis=0)
    tolerance = 1e-4 if of.similarities.dtype == torch.float32 else 1e-10
    np.testing.assert_allclose(term_rows(LOSS, of)[0], slow_expected(of, 0.5), atol=tolerance)
    np.testing.assert_allclose(term_rows(loss, of)[0], expected, atol=tolerance)


def drawn(of: Batch) -> Tensor:
    """The negative (B,) that each row drew, found from where its gradient goes."""
    similarities = of.similarities.clone().requires_grad_()
    of = batch(similarities, step=of.step, seed=of.seed, width=of.first.shape[1])
    term_rows(LossSpec(terms=(TERM,), margin=2.0), of).sum().backward()
    return expect(Tensor, similarities.grad).gt(0).to(torch.int8).argmax(dim=1)


def test_the_draws_have_just_these_probabilities() -> None:
    of, steps = random_batch(12, width=4, seed=5), 1000
    draws = torch.stack(
        [drawn(batch(of.similarities, step=step, seed=11, width=4)) for step in range(1, steps + 1)]
    )
    tested = 0
    for row, chances in enumerate(probabilities(of).numpy()):
        counts, possible = np.bincount(draws[:, row], minlength=12), chances > 0
        assert counts[~possible].sum() == 0
        if possible.sum() > 1:
            expected = steps * chances[possible]
            assert scipy.stats.chisquare(counts[possible], expected).pvalue > 1e-4
            tested += 1
    assert tested > 8


def test_a_draw_follows_from_seed_and_step_alone() -> None:
    of = random_batch(32, width=3)
    first = drawn(batch(of.similarities, step=3, seed=7, width=3))
    drawn(batch(of.similarities, step=4, seed=7, width=3))
    assert drawn(batch(of.similarities, step=3, seed=7, width=3)).tolist() == first.tolist()
    assert drawn(batch(of.similarities, step=4, seed=7, width=3)).tolist() != first.tolist()
    assert drawn(batch(of.similarities, step=3, seed=8, width=3)).tolist() != first.tolist()


def test_the_other_side_as_anchors_draws_its_own_negatives() -> None:
    of = random_batch(32, width=3, seed=2)
    one_side = batch(of.similarities, step=3, seed=7, width=3)
    assert one_side.turn().gumbel_noise().tolist() == one_side.gumbel_noise().t().tolist()
    both = LOSS.model_copy(update={"anchors": "both"})
    mean = (term_rows(LOSS, one_side) + term_rows(LOSS, one_side.turn())) / 2
    assert torch.equal(term_rows(both, one_side), mean)


def test_a_row_that_can_draw_no_negative_contributes_exactly_nothing() -> None:
    far = torch.tensor([[0.9, -0.5, 0.0], [0.3, 0.1, 0.2], [0.5, 0.4, 0.6]], requires_grad=True)
    rows = term_rows(LOSS, batch(far, step=1, seed=0))
    assert rows[0, 0].item() == 0.0
    assert (rows[0, 1:] > 0).all()
    rows.sum().backward()
    assert expect(Tensor, far.grad)[0].tolist() == [0.0, 0.0, 0.0]
    assert expect(Tensor, far.grad).isfinite().all()


@pytest.mark.parametrize("seed", [None, 3])
def test_a_collapsed_batch_costs_the_margin_and_has_finite_gradients(seed: int | None) -> None:
    of, vector = collapsed_batch(seed=seed)
    loss = batch_loss(LOSS, of)
    assert loss.item() == pytest.approx(16 * 0.5, abs=1e-4)
    loss.backward()
    assert expect(Tensor, vector.grad).isfinite().all()


def test_a_batch_without_a_seed_refuses_to_draw() -> None:
    of: Batch = random_batch(4)
    with pytest.raises(ValueError, match="no seed"):
        of.gumbel_noise()
