"""Precision, recall, F1 and MCC against scikit-learn, also where a quotient would be 0/0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, matthews_corrcoef, precision_score, recall_score

from worker.training.confusion import Confusion, confusion
from worker.training.evaluation import pair_metrics

BOTH_LABELS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30).map(
    lambda pairs: [*pairs, (pairs[0][0], True), (pairs[0][1], False)]
)


@given(BOTH_LABELS)
def test_all_four_are_what_scikit_learn_says(pairs: list[tuple[bool, bool]]) -> None:
    called, duplicate = (np.array(column) for column in zip(*pairs, strict=True))
    found = confusion(called, duplicate)
    assert sum(found) == len(pairs)
    assert found.precision == pytest.approx(precision_score(duplicate, called, zero_division=0))
    assert found.recall == pytest.approx(recall_score(duplicate, called))
    assert found.f1 == pytest.approx(f1_score(duplicate, called))
    assert found.mcc == pytest.approx(matthews_corrcoef(duplicate, called))


def test_mcc_holds_for_more_pairs_than_64_bits_can_multiply() -> None:
    assert Confusion(400_000, 0, 0, 600_000).mcc == 1.0
    assert Confusion(0, 600_000, 400_000, 0).mcc == -1.0


def test_an_evaluation_has_them_at_its_threshold_and_none_of_them_with_one_label() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.1], np.float32)
    found = pair_metrics(scores, np.array([1, 0, 1, 0], np.int8), 0.7)  # a pair at it is not called
    assert (found.precision, found.recall, found.f1, found.mcc) == (0.5, 0.5, 0.5, 0.0)
    for label in (0, 1):
        alike = pair_metrics(scores, np.full(4, label, np.int8), 0.7)
        assert (alike.precision, alike.recall, alike.f1, alike.mcc) == (None, None, None, None)
