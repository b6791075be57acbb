"""Sizes of a split that a spec leaves open, or gives as a share: they always fit the data set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets.errors import SplitError
from models.datasets.split_sizes import UsualRows, in_rows, share_for
from models.specs.splits import ConnectedGroupsSplit, InOrderSplit

COUNTS = st.integers(5, 2_000_000)


@given(rows=COUNTS, usual=st.builds(UsualRows, st.integers(2, 10**6), st.integers(1, 10**6)))
def test_sizes_that_are_left_open_fit_any_data_set(rows: int, usual: UsualRows) -> None:
    split = in_rows(InOrderSplit(), rows, usual)
    assert isinstance(split, InOrderSplit)
    train, test = split.train_rows or 0, split.test_rows or 0
    assert 2 <= train <= usual.train
    assert 1 <= test <= usual.test
    assert train + test <= rows
    # with no more data than is usual, none is left over
    if rows <= usual.train:
        assert train + test == rows
        assert test == min(usual.test, rows - round(rows * 0.8))
    whole = in_rows(ConnectedGroupsSplit(kind="connected_groups"), rows, usual)
    assert isinstance(whole, ConnectedGroupsSplit)
    assert whole.test_rows == test


def test_a_large_data_set_has_the_sizes_of_the_course() -> None:
    split = in_rows(InOrderSplit(), 404_001)
    assert split == InOrderSplit(train_rows=300_000, test_rows=10_240)


@given(rows=st.integers(100, 2_000_000), share=st.floats(0.01, 0.99))
def test_a_share_is_of_all_rows_and_stands_in_the_spec_as_numbers(rows: int, share: float) -> None:
    split = in_rows(InOrderSplit(train_share=share), rows)
    assert isinstance(split, InOrderSplit)
    assert (split.train_rows or 0) + (split.test_rows or 0) == rows
    assert split.train_rows == pytest.approx(rows * share, abs=0.5)
    assert set(split.model_dump()) == {"kind", "train_rows", "test_rows", "validation_fraction"}
    assert in_rows(split, rows) == split


@given(rows=COUNTS, data=st.data())
def test_the_share_that_advice_names_tests_as_many_rows_as_it_should(
    rows: int, data: st.DataObject
) -> None:
    test = data.draw(st.integers(1, rows - 1))
    split = in_rows(
        ConnectedGroupsSplit(kind="connected_groups", train_share=share_for(rows, test)), rows
    )
    assert isinstance(split, ConnectedGroupsSplit)
    assert split.test_rows == test


def test_a_share_that_leaves_nothing_is_refused() -> None:
    for share, part in ((0.999, "testing"), (0.001, "training")):
        with pytest.raises(SplitError, match=f"none of the 100 rows for {part}") as refused:
            in_rows(InOrderSplit(train_share=share), 100)
        assert refused.value.field == "train_share"
