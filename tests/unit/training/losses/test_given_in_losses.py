"""Every term over a batch with given negatives, against a loop over each anchor's list of them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.specs.losses import LossSpec
from worker.training.gauges import gauges_of, measure
from worker.training.losses.batch import Batch, batch_of
from worker.training.losses.terms import batch_loss, term_rows

from support.formulas import SAME_BITS
from support.losses import batch, batches_with_given, rows_of, tolerance_of, unit_vectors

Slow = Callable[[float, Sequence[float]], float]


def loss_of(term: dict[str, Any], **fields: Any) -> LossSpec:
    return LossSpec.model_validate({"terms": (term,), **fields})


def hinge(s_ap: float, negative: float | None) -> float:
    return 0.0 if negative is None else max(0.0, 0.25 - s_ap + negative)


def mean_of(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def not_harder(s_ap: float, negatives: Sequence[float]) -> list[float]:
    return [s for s in negatives if s <= s_ap]


def semi_hard(s_ap: float, negatives: Sequence[float]) -> list[float]:
    return [s for s in negatives if s_ap - 0.25 <= s <= s_ap]


def masked_of_course(s_ap: float, negatives: Sequence[float]) -> float | None:
    return max((s - 2 if s > s_ap else s for s in negatives), default=None)


def selective(s_ap: float, negatives: Sequence[float]) -> float:
    closest = max(negatives, default=None)
    if closest is not None and closest > s_ap:
        return 0.25 + 3 * (closest - s_ap)
    return hinge(s_ap, closest)


def ranking(s_ap: float, negatives: Sequence[float]) -> float:
    return math.log(sum(math.exp(5 * (s - s_ap)) for s in [s_ap, *negatives]))


def contrastive(s_ap: float, negatives: Sequence[float]) -> float:
    return max(0.0, 0.9 - s_ap) + (mean_of([s - 0.1 for s in negatives if s > 0.1]) or 0.0)


def multi_similarity(s_ap: float, negatives: Sequence[float]) -> float:
    positive = math.log(1 + math.exp(-3 * (s_ap - 0.2))) / 3
    return positive + math.log(1 + sum(math.exp(10 * (s - 0.2)) for s in negatives)) / 10


def circle(s_ap: float, negatives: Sequence[float]) -> float:
    pull = math.exp(-16 * max(0.0, 1.25 - s_ap) * (s_ap - 0.75))
    return math.log(
        1 + pull * sum(math.exp(16 * max(0.0, s + 0.25) * (s - 0.25)) for s in negatives)
    )


def soft_margin(s_ap: float, negatives: Sequence[float]) -> float:
    return math.log(1 + math.exp(max(negatives) - s_ap)) if negatives else 0.0


def distance_weighted(s_ap: float, negatives: Sequence[float]) -> float:
    """In eight dimensions: the expected hinge."""
    near = [s for s in negatives if 2 - 2 * s < 1.96]
    squared = [max(2 - 2 * s, 0.25) for s in near]
    weights = [1 / (d2**3 * (1 - d2 / 4) ** 2.5) for d2 in squared]
    hinges = [hinge(s_ap, s) for s in near]
    total = sum(weights)
    return sum(w * h for w, h in zip(weights, hinges, strict=True)) / total if total else 0.0


def soft_maximum(s_ap: float, negatives: Sequence[float]) -> float:
    if not negatives:
        return 0.0
    mean = sum(math.exp(20 * s) for s in negatives) / len(negatives)
    return hinge(s_ap, math.log(mean) / 20)


HINGES: dict[str, tuple[dict[str, Any], Slow]] = {
    "mean, all": (
        {"kind": "mean_negative"},
        lambda s_ap, s: hinge(s_ap, mean_of(s)),
    ),
    "mean, semi-hard": (
        {"kind": "mean_negative", "among": "semi_hard"},
        lambda s_ap, s: hinge(s_ap, mean_of(semi_hard(s_ap, s))),
    ),
    "mean, not harder": (
        {"kind": "mean_negative", "among": "not_harder_than_positive"},
        lambda s_ap, s: hinge(s_ap, mean_of(not_harder(s_ap, s))),
    ),
    "closest, all": (
        {"kind": "closest_negative"},
        lambda s_ap, s: hinge(s_ap, max(s, default=None)),
    ),
    "closest, semi-hard": (
        {"kind": "closest_negative", "among": "semi_hard"},
        lambda s_ap, s: hinge(s_ap, max(semi_hard(s_ap, s), default=None)),
    ),
    "closest, the course's mask": (
        {"kind": "closest_negative", "among": "not_harder_than_positive"},
        lambda s_ap, s: hinge(s_ap, masked_of_course(s_ap, s)),
    ),
    "selective": ({"kind": "selectively_contrastive", "hard_weight": 3.0}, selective),
    "ranking": ({"kind": "multiple_negatives", "scale": 5.0}, ranking),
    "distance weighted": ({"kind": "distance_weighted"}, distance_weighted),
    "a formula": (
        {"kind": "formula", "row": "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"},
        soft_maximum,
    ),
}
OF_THE_LIBRARY: dict[str, tuple[dict[str, Any], Slow]] = {
    "contrastive": (
        {"kind": "contrastive", "positive_margin": 0.9, "negative_margin": 0.1},
        contrastive,
    ),
    "multi similarity": (
        {"kind": "multi_similarity", "alpha": 3.0, "beta": 10.0, "base": 0.2},
        multi_similarity,
    ),
    "circle": ({"kind": "circle", "relaxation": 0.25, "scale": 16.0}, circle),
    "soft margin": ({"kind": "batch_hard_soft_margin"}, soft_margin),
}


def row_by_row(slow: Slow, of: Batch) -> list[float]:
    values, excluded = [], of.excluded.tolist()
    for anchor, row in enumerate(rows_of(of.similarities)):
        counted = [float(s) for s, never in zip(row, excluded[anchor], strict=True) if not never]
        values.append(slow(float(row[anchor]), counted))
    return values


def with_vectors(seed: int, *, size: int = 6, further: int = 5) -> Batch:
    """Random vectors, some of them excluded; two negatives are given to the second anchor."""
    pairs = unit_vectors(size + further, width=8, seed=seed)
    excluded = torch.eye(size, size + further, dtype=torch.bool)
    excluded[0] = True
    excluded[2, 3:9] = True
    owners = torch.tensor([1, 1, 2, 4, 5])
    first, second = pairs[0, :size], pairs[1]
    return batch_of(first, second, step=1, excluded=excluded, owners=owners)


@pytest.mark.parametrize("name", HINGES)
@given(of=batches_with_given())
@settings(max_examples=40, deadline=None)
def test_a_term_counts_given_negatives_as_a_loop_over_each_row_does(name: str, of: Batch) -> None:
    term, slow = HINGES[name]
    tolerance = 100 * tolerance_of(of.similarities.dtype)
    found = term_rows(loss_of(term), of)[0]
    np.testing.assert_allclose(found, row_by_row(slow, of), atol=tolerance, rtol=1e-5)


@pytest.mark.parametrize("name", OF_THE_LIBRARY)
@pytest.mark.parametrize("seed", range(3))
def test_so_does_a_term_of_the_library(name: str, seed: int) -> None:
    term, slow = OF_THE_LIBRARY[name]
    of = with_vectors(seed)
    found = term_rows(loss_of(term), of)[0]
    np.testing.assert_allclose(found, row_by_row(slow, of), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", SAME_BITS)
@given(of=batches_with_given())
@settings(max_examples=20, deadline=None)
def test_a_formula_in_other_words_has_the_same_bits(name: str, of: Batch) -> None:
    term, formula = SAME_BITS[name]
    same = term_rows(loss_of({"kind": "formula", **formula}), of)
    assert torch.equal(same, term_rows(loss_of(term), of))


# circle holds its weights constant on purpose: its gradient is no plain derivative
@pytest.mark.parametrize("name", sorted({*HINGES, *OF_THE_LIBRARY} - {"circle"}))
def test_the_gradient_of_anchors_positives_and_given_negatives_is_a_derivative(name: str) -> None:
    term, _ = {**HINGES, **OF_THE_LIBRARY}[name]
    of = with_vectors(4)
    spec = loss_of(term)

    def loss(first: Tensor, second: Tensor) -> Tensor:
        anchors, others = (torch.nn.functional.normalize(v, dim=1) for v in (first, second))
        return batch_loss(
            spec, batch_of(anchors, others, step=1, excluded=of.excluded, owners=of.owners)
        )

    vectors = [v.clone().requires_grad_() for v in (of.first, of.second)]
    if name in ("distance weighted", "selective"):  # a part of each is held constant
        loss(*vectors).backward()
        assert all(v.grad is not None and v.grad.isfinite().all() for v in vectors)
        return
    assert torch.autograd.gradcheck(loss, vectors)


@given(of=batches_with_given(), excludes=st.booleans())
@settings(max_examples=60, deadline=None)
def test_gauges_tell_given_negatives_from_the_others(of: Batch, excludes: bool) -> None:
    spec = loss_of({"kind": "closest_negative"}, exclude_known_duplicates=excludes)
    values = term_rows(spec, of)
    known = torch.eye(*of.similarities.shape, dtype=torch.bool)
    found = gauges_of(measure(spec, of, values, values.sum(), known).tolist())
    assert of.owners is not None
    size, rows, excluded = len(of.first), of.similarities.tolist(), of.excluded.tolist()
    own = [
        (rows[owner][size + place], rows[owner][owner])
        for place, owner in enumerate(of.owners.tolist())
        if not excluded[owner][size + place]
    ]
    if not own:
        assert (found.s_given_mean, found.given_harder_share) == (None, None)
    else:
        similar, harder = [s for s, _ in own], [s > s_ap for s, s_ap in own]
        assert found.s_given_mean == pytest.approx(sum(similar) / len(own), abs=1e-5)
        assert found.given_harder_share == pytest.approx(sum(harder) / len(own), abs=1e-5)
    lists = [[s for s, never in zip(row, excluded[r], strict=True) if not never]
             for r, row in enumerate(rows)]  # fmt: skip
    harder_rows = sum(any(s > rows[r][r] for s in row) for r, row in enumerate(lists))
    counted = [s for row in lists for s in row]
    assert found.harder_share == pytest.approx(harder_rows / size, abs=1e-6)
    assert found.s_an_mean == pytest.approx(sum(counted) / max(len(counted), 1), abs=1e-5)


def test_the_draws_among_the_pairs_stay_the_same_beside_given_negatives() -> None:
    plain = batch(torch.zeros(4, 4), seed=3)
    more = batch(torch.zeros(4, 7), seed=3, owners=torch.tensor([0, 1, 3]))
    assert torch.equal(more.gumbel_noise()[:, :4], plain.gumbel_noise())
    assert more.gumbel_noise().unique().numel() == 28


def test_a_batch_with_given_negatives_has_the_anchors_that_they_are_given_to() -> None:
    of = with_vectors(0)
    term = {"kind": "closest_negative"}
    second = term_rows(loss_of(term, anchors="second"), of)
    assert torch.equal(second, term_rows(loss_of(term), of))
    with pytest.raises(ValueError, match="given no negatives"):
        term_rows(loss_of(term, anchors="both"), of)
