"""Correlations with scores, and the accuracy of triplets, against their definitions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.datasets.cache import store
from models.datasets.generated.generator import generate_pairs
from worker.attempts.loading import load_run_data
from worker.training.data import RunData
from worker.training.evaluation import grades_of, pair_metrics, validation_rows
from worker.training.events import Evaluated
from worker.training.graded import Grades, correlations, triplet_accuracy
from worker.training.loop import train

from support.stack import wild_data
from support.training import tiny_spec

# few different values, so that there are ties
values = st.integers(-4, 4).map(lambda n: n / 4)
pairs = st.lists(st.tuples(values, values), min_size=2, max_size=40)


@given(pairs)
def test_both_correlations_are_scipys_ties_included(rows: list[tuple[float, float]]) -> None:
    similarities, scores = np.array(rows, dtype=np.float32).T
    found = correlations(similarities, scores)
    if len(set(scores.tolist())) == 1:
        assert found is None
    elif len(set(similarities.tolist())) == 1:
        assert found == (0.0, 0.0)  # scipy has NaN, which would take the run out
    else:
        assert found is not None
        doubles = similarities.astype(float), scores.astype(float)  # scipy computes in their type
        assert found[0] == pytest.approx(stats.spearmanr(*doubles)[0], abs=1e-9)
        assert found[1] == pytest.approx(stats.pearsonr(*doubles)[0], abs=1e-9)


@given(st.lists(st.lists(values, min_size=1, max_size=4), min_size=1, max_size=8), st.randoms())
def test_a_triplet_is_right_where_its_positive_beats_each_of_its_negatives(
    triplets: list[list[float]], random: object
) -> None:
    flat = [(n, place == 0, s) for n, one in enumerate(triplets) for place, s in enumerate(one)]
    random.shuffle(flat)  # type: ignore[attr-defined]
    numbers, labels, similarities = (np.array(column) for column in zip(*flat, strict=True))
    found = triplet_accuracy(
        similarities.astype(np.float32), labels.astype(np.int8), numbers.astype(np.int32)
    )
    right = [one[0] > max(one[1:]) for one in triplets if len(one) > 1]
    assert found == (pytest.approx(sum(right) / len(right)) if right else None)


def test_a_triplet_without_its_positive_does_not_count() -> None:
    similarities = np.array([0.9, 0.1], dtype=np.float32)
    labels, numbers = np.array([0, 0], dtype=np.int8), np.array([3, 3], dtype=np.int32)
    assert triplet_accuracy(similarities, labels, numbers) is None


def test_pairs_without_scores_or_triplets_have_neither_metric() -> None:
    similarities = np.array([0.5, 0.6], dtype=np.float32)
    labels = np.array([0, 1], dtype=np.int8)
    plain = pair_metrics(similarities, labels, 0.5)
    assert (plain.spearman, plain.pearson, plain.triplet_accuracy) == (None, None, None)
    graded = Grades(np.array([1, 2], dtype=np.float32), np.array([7, 7], dtype=np.int32))
    known = pair_metrics(similarities, labels, 0.5, graded)
    assert (known.spearman, known.pearson) == pytest.approx((1, 1))
    assert known.triplet_accuracy == 1


def test_validation_takes_whole_triplets_spread_over_all_of_them() -> None:
    data = of_triplets(3)
    rows = validation_rows(data, 30)
    assert data.triplets is not None
    numbers, counts = np.unique(data.triplets[rows], return_counts=True)
    within = np.unique(data.triplets[data.validation], return_counts=True)
    whole = dict(zip(*(part.tolist() for part in within), strict=True))
    assert len(rows) <= 30
    assert counts.tolist() == [whole[number] for number in numbers.tolist()]
    assert len(numbers) > 5
    assert numbers[0] == min(whole)
    assert validation_rows(data, 10**6).tolist() == data.validation.tolist()


def test_other_scores_or_triplets_are_other_data() -> None:
    plain, triplets = wild_data(), of_triplets(3)
    assert len({plain.fingerprint(), triplets.fingerprint(), of_triplets(2).fingerprint()}) == 3
    grades = grades_of(triplets, triplets.test)
    assert grades.scores is None
    assert grades.triplets is not None
    assert len(grades.triplets) == len(triplets.test)


def test_a_run_on_a_stored_data_set_measures_what_its_rows_say(tmp_path: Path) -> None:
    rows = generate_pairs(800)
    scores = (np.arange(800) % 7).astype(np.float32)
    numbers = (np.arange(800) // 4).astype(np.int32)
    store(replace(rows, score=scores, triplet=numbers), tmp_path / "set")
    spec = tiny_spec(split={"kind": "in_order", "train_rows": 600, "test_rows": 200})
    data = load_run_data(tmp_path / "set", spec)
    (test,) = (
        event
        for event in train(spec, spec.arms[0].name, 0, data)
        if isinstance(event, Evaluated) and event.split == "test"
    )
    assert -1 < (test.spearman or 0) < 1
    assert test.spearman != test.pearson
    assert 0 < (test.triplet_accuracy or 0) < 1


def of_triplets(each: int) -> RunData:
    """Data whose rows are of triplets, so many rows each."""
    data = wild_data()
    numbers = (np.arange(len(data.labels)) // each).astype(np.int32)
    return RunData(**{**vars(data), "triplets": numbers})
