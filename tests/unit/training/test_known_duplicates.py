"""False negatives in a batch: which pairs are known to ask the same, and what is told of them."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from models.metrics import BatchMetrics
from models.specs.losses import LossSpec
from models.specs.terms import ClosestNegative
from worker.training import gauges
from worker.training.batches import batch_rows
from worker.training.events import Evaluated, StepDone
from worker.training.loop import train
from worker.training.losses.duplicates import known_duplicates
from worker.training.losses.terms import batch_loss, term_rows

from support.expect import expect
from support.losses import batch, random_batch
from support.training import tiny_data, tiny_spec

DATA = tiny_data()
CPU = torch.device("cpu")


def loss_spec(**fields: Any) -> LossSpec:
    return LossSpec(terms=(ClosestNegative(kind="closest_negative"),), **fields)


def gauges_of(similarities: Tensor, groups: list[int], **fields: Any) -> BatchMetrics:
    loss, group = loss_spec(**fields), torch.tensor(groups)
    known = group[:, None] == group
    excluded = known if loss.exclude_known_duplicates else None
    of = batch(similarities, excluded=excluded)
    values = term_rows(loss, of)
    found = gauges.measure(loss, of, values, values.sum(), known)
    return gauges.gauges_of(found.tolist())


def test_pairs_are_known_duplicates_when_their_questions_are_in_one_group() -> None:
    groups = np.array([4, 4, 7, 7, 4, 4, 9, 9], dtype=np.int32)
    data = dataclasses.replace(DATA, groups=groups)
    found = known_duplicates(data, np.array([3, 0, 1, 2, 1]), CPU)
    expected = np.eye(5, dtype=bool)
    for one, other in ((1, 3), (2, 4)):  # rows 0 and 2 share group 4; row 1 came twice
        expected[one, other] = expected[other, one] = True
    assert found.numpy().tolist() == expected.tolist()


@given(size=st.integers(2, 8), data=st.data(), anchors=st.sampled_from(["first", "second", "both"]))
def test_the_share_of_false_closest_negatives_is_that_of_a_double_loop(
    size: int, data: st.DataObject, anchors: str
) -> None:
    groups = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    values = data.draw(st.permutations(range(size * size)))  # no ties
    rows = np.array(values, dtype=np.float32).reshape(size, size)
    found = gauges_of(torch.from_numpy(rows / size**2), groups, anchors=anchors)
    if anchors == "second":
        rows = rows.T
    false = 0
    for anchor in range(size):
        others = [other for other in range(size) if other != anchor]
        closest = max(others, key=rows[anchor].__getitem__)
        false += groups[closest] == groups[anchor]
    assert found.false_closest_share == pytest.approx(false / size)


def test_what_is_excluded_counts_as_no_negative_but_is_still_told_as_false_closest() -> None:
    similarities = torch.tensor([[0.5, 0.9, 0.1], [0.9, 0.5, 0.3], [0.2, 0.4, 0.5]])
    plain = gauges_of(similarities, [1, 1, 2])
    excluding = gauges_of(similarities, [1, 1, 2], exclude_known_duplicates=True)
    assert plain.false_closest_share == excluding.false_closest_share == pytest.approx(2 / 3)
    assert plain.harder_share == pytest.approx(2 / 3)
    assert excluding.harder_share == 0.0
    assert plain.s_an_mean == pytest.approx(2.8 / 6)
    assert excluding.s_an_mean == pytest.approx(1.0 / 4)


def test_every_step_tells_the_share_and_an_excluding_loss_is_smaller() -> None:
    """Groups of forty rows: many false negatives in each batch of 16."""
    groups = np.repeat(np.arange(len(DATA.labels) // 40, dtype=np.int32), 80)
    data = dataclasses.replace(DATA, groups=groups)
    terms = {"terms": [{"kind": "closest_negative"}]}
    arms = [
        {"name": "plain", "loss": terms},
        {"name": "excluding", "loss": {**terms, "exclude_known_duplicates": True}},
    ]
    spec = tiny_spec(arms=arms)
    first = {
        arm: next(e for e in train(spec, arm, 0, data) if isinstance(e, StepDone))
        for arm in ("plain", "excluding")
    }
    rows = batch_rows(data.train, 0, 1, spec.batch_size)
    known = known_duplicates(data, rows, CPU)
    assert known.sum() > 2 * len(rows)
    assert 0 < expect(float, first["plain"].false_closest_share) < 1
    assert first["plain"].false_closest_share == first["excluding"].false_closest_share
    assert first["excluding"].loss < first["plain"].loss


def test_a_batch_without_known_duplicates_costs_the_same_to_the_last_bit() -> None:
    plain = random_batch(16)
    excluding = random_batch(16, excluded=torch.eye(16, dtype=torch.bool))
    for loss in (loss_spec(), loss_spec(anchors="both")):
        assert batch_loss(loss, plain).item() == batch_loss(loss, excluding).item()


def test_test_pairs_meet_the_threshold_that_the_final_weights_have_on_validation() -> None:
    spec = tiny_spec(threshold={"kind": "validation"})
    evaluations = [e for e in train(spec, "vanilla", 0, DATA) if isinstance(e, Evaluated)]
    *_, last, test = evaluations
    assert (last.split, test.split) == ("validation", "test")
    assert test.threshold == last.threshold
    assert len({e.threshold for e in evaluations}) > 1  # chosen anew as the training goes on
    fixed = [e for e in train(tiny_spec(), "vanilla", 0, DATA) if isinstance(e, Evaluated)]
    assert {e.threshold for e in fixed} == {0.7}
    assert last.accuracy >= fixed[-2].accuracy
    assert last.roc_auc == fixed[-2].roc_auc


def test_known_duplicates_are_read_by_column_when_second_questions_are_the_anchors() -> None:
    similarities = torch.tensor([[0.5, 0.9, 0.1], [0.2, 0.5, 0.3], [0.4, 0.0, 0.5]])
    known = torch.eye(3, dtype=torch.bool)
    known[0, 1] = True  # the closest of first question 0, and of second question 1
    for anchors in ("first", "second"):
        loss = loss_spec(anchors=anchors)
        values = term_rows(loss, batch(similarities))
        of = batch(similarities, excluded=known)
        measured = gauges.measure(loss, of, values, values.sum(), known)
        found = gauges.gauges_of(measured.tolist())
        assert found.false_closest_share == pytest.approx(1 / 3)
        assert found.s_an_mean == pytest.approx(0.2)
        assert found.harder_share == 0.0
