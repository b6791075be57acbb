"""Splits: the course's figures, the given column, and every refusal names its field."""

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from models.datasets.errors import SplitError
from models.datasets.splits import given, in_order

LABELS = np.array([1, 0, 1, 1, 0, 1, 1, 0, 1, 0], dtype=np.int8)


def test_the_last_part_of_the_duplicates_validates_with_the_rows_around_it() -> None:
    split = in_order(LABELS, train_rows=8, test_rows=2, validation_fraction=0.4)
    assert split.train.tolist() == [0, 2, 3]
    assert split.validation_duplicates.tolist() == [5, 6]
    assert split.validation.tolist() == [5, 6, 7]
    assert split.test.tolist() == [8, 9]


def test_the_courses_counts_come_out_of_its_fraction() -> None:
    labels = np.ones(111_487, dtype=np.int8)
    split = in_order(labels, train_rows=111_486, test_rows=1, validation_fraction=0.2)
    assert (len(split.train), len(split.validation_duplicates)) == (89_188, 22_298)


@hypothesis_given(
    labels=st.lists(st.integers(0, 1), min_size=4, max_size=60),
    share=st.floats(0.3, 0.8),
    fraction=st.floats(0.01, 0.9),
)
def test_parts_never_overlap_and_duplicates_keep_their_order(
    labels: list[int], share: float, fraction: float
) -> None:
    codes = np.array(labels, dtype=np.int8)
    train_rows = max(1, int(len(labels) * share))
    try:
        split = in_order(codes, train_rows, len(labels) - train_rows, fraction)
    except SplitError:
        return
    duplicates = [row for row in range(train_rows) if labels[row] == 1]
    assert [*split.train, *split.validation_duplicates] == duplicates
    assert not set(split.train) & set(split.validation)
    assert [r for r in split.validation if labels[r]] == split.validation_duplicates.tolist()
    assert split.validation[-1] == train_rows - 1
    assert split.test.tolist() == list(range(train_rows, len(labels)))


@pytest.mark.parametrize(
    ("train", "test", "fraction", "field"),
    [
        (8, 3, 0.4, "test_rows"),
        (11, 1, 0.4, "train_rows"),
        (0, 1, 0.4, "train_rows"),
        (8, 0, 0.4, "test_rows"),
        (8, 2, 0.0, "validation_fraction"),
        (8, 2, 1.0, "validation_fraction"),
        (1, 2, 0.5, "validation_fraction"),
        (8, 2, 0.99, "validation_fraction"),
    ],
)
def test_a_split_the_rows_cannot_give_names_the_field(
    train: int, test: int, fraction: float, field: str
) -> None:
    with pytest.raises(SplitError) as caught:
        in_order(LABELS, train, test, fraction)
    assert caught.value.field == field
    assert caught.value.message == str(caught.value)


def test_training_rows_without_a_duplicate_are_refused() -> None:
    with pytest.raises(SplitError, match="nothing to train on"):
        in_order(np.zeros(10, dtype=np.int8), 8, 2, 0.2)


def test_a_given_split_uses_its_validation_rows() -> None:
    marks = np.array([0, 0, 2, 1, 1, 0, 0, 0, 2, 0], dtype=np.int8)
    split = given(marks, LABELS, 0.2)
    assert split.train.tolist() == [0, 5, 6]
    assert split.validation.tolist() == [3, 4]
    assert split.validation_duplicates.tolist() == [3]
    assert split.test.tolist() == [2, 8]


def test_a_given_split_without_validation_rows_holds_some_out() -> None:
    marks = np.array([0, 0, 2, 0, 0, 0, 2, 0, 0, 0], dtype=np.int8)
    split = given(marks, LABELS, 0.5)
    assert split.train.tolist() == [0, 3]
    assert split.validation_duplicates.tolist() == [5, 8]
    assert split.validation.tolist() == [5, 7, 8, 9]
    assert split.test.tolist() == [2, 6]


@pytest.mark.parametrize(
    ("marks", "part"),
    [
        (None, "without a split column"),
        ([0] * 10, "marked test"),
        ([0, 1, 2, 0, 0, 0, 0, 0, 0, 0], "marked validation"),
        ([1, 1, 2, 1, 1, 1, 1, 0, 1, 0], "nothing to train on"),
    ],
)
def test_a_given_split_that_cannot_serve_is_refused(marks: list[int] | None, part: str) -> None:
    codes = None if marks is None else np.array(marks, dtype=np.int8)
    with pytest.raises(SplitError, match=part):
        given(codes, LABELS, 0.2)
