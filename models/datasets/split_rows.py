"""The rows of a spec's split: one function, so that the API checks what the worker trains."""

from pathlib import Path
from typing import assert_never

from models.datasets import cache
from models.datasets.connected import connected_groups
from models.datasets.split_sizes import in_rows
from models.datasets.splits import SplitRows, given, in_order
from models.specs.splits import ConnectedGroupsSplit, GivenSplit, InOrderSplit, SplitSpec


def split_rows(folder: Path, split: SplitSpec) -> SplitRows:
    """Which rows of the data set in `folder` train, validate and test.

    Raises `SplitError` when the rows do not allow the split.
    """
    labels, fraction = cache.open_labels(folder), split.validation_fraction
    sized = in_rows(split, len(labels))
    match sized:
        case InOrderSplit():
            return in_order(labels, sized.train_rows or 0, sized.test_rows or 0, fraction)
        case ConnectedGroupsSplit():
            groups = cache.open_groups(folder)
            return connected_groups(groups, labels, sized.test_rows or 0, fraction)
        case GivenSplit():
            return given(cache.open_split(folder), labels, fraction)
        case _:
            assert_never(sized)
