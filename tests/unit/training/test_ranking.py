"""The area under the ROC curve and the average precision against scikit-learn, bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import average_precision_score, roc_auc_score

from worker.training.ranking import average_precision, ranking, roc_auc


@st.composite
def scored_pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Similarities, many of them tied, and labels of which both occur."""
    count = draw(st.integers(2, 60))
    labels = draw(arrays.arrays(np.int8, count, elements=st.integers(0, 1)))
    labels[:2] = (0, 1)
    values = draw(st.sampled_from([st.floats(-1, 1, width=32), st.sampled_from([-0.5, 0.0, 0.25])]))
    return draw(arrays.arrays(np.float32, count, elements=values)), labels


@given(scored_pairs())
def test_both_are_what_scikit_learn_says(pairs: tuple[np.ndarray, np.ndarray]) -> None:
    scores, labels = pairs
    found = ranking(scores, labels)
    assert roc_auc(found) == float(roc_auc_score(labels, scores))
    assert average_precision(found) == float(average_precision_score(labels, scores))


@pytest.mark.parametrize("digits", [1, 3, 7])
def test_both_are_what_scikit_learn_says_of_as_many_pairs_as_a_test_has(digits: int) -> None:
    generator = np.random.default_rng(digits)
    labels = (generator.random(10_240) < 0.37).astype(np.int8)
    scores = np.round(np.tanh(generator.normal(labels * 0.4, 1)), digits).astype(np.float32)
    found = ranking(scores, labels)
    assert roc_auc(found) == float(roc_auc_score(labels, scores))
    assert average_precision(found) == float(average_precision_score(labels, scores))


def test_a_perfect_ranking_has_one_and_its_reverse_has_none() -> None:
    scores, labels = np.array([0.1, 0.2, 0.8, 0.9], np.float32), np.array([0, 0, 1, 1], np.int8)
    assert roc_auc(ranking(scores, labels)) == average_precision(ranking(scores, labels)) == 1.0
    assert roc_auc(ranking(-scores, labels)) == 0.0


def test_a_model_that_cannot_tell_pairs_apart_has_half() -> None:
    found = ranking(np.full(4, 0.5, np.float32), np.array([0, 1, 1, 1], np.int8))
    assert (roc_auc(found), average_precision(found)) == (0.5, 0.75)
