"""Which rows train, validate and test: pure numpy over the labels, in file order.

Why the validation part is unusual: the course trains on duplicates only and holds out the last
fifth *of the duplicates*. A threshold must be chosen on both labels, so the rows among them are
held out too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.datasets.errors import SplitError
from models.datasets.pairs import TEST, TRAIN, VALIDATION, Codes

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SplitRows:
    """Row numbers (int64, ascending) of each part.

    `train`: the duplicates trained on; `others`: the training rows that are none, which may give
    negatives; `validation_duplicates`: those held out; `validation` and `test`: all rows of the
    part, both labels. `left_out`: how many rows were left out because they join two parts, which
    must not share a question.
    """

    train: Rows
    others: Rows
    validation_duplicates: Rows
    validation: Rows
    test: Rows
    left_out: int = 0


def in_order(
    labels: Codes, train_rows: int, test_rows: int, validation_fraction: float
) -> SplitRows:
    """The course's split: rows [0, train_rows) train, the next `test_rows` test, no shuffling.

    Of the training rows' duplicates the first `int(n * (1 - validation_fraction))` train.
    Raises SplitError for more rows than the data set has, or for an empty part.
    """
    if train_rows < 1:
        raise SplitError("train_rows", "train_rows must be at least 1.")
    if test_rows < 1:
        raise SplitError("test_rows", "test_rows must be at least 1.")
    if train_rows + test_rows > len(labels):
        field = "train_rows" if train_rows >= len(labels) else "test_rows"
        raise SplitError(
            field,
            f"{train_rows:,} training rows and {test_rows:,} test rows are more than "
            f"the {len(labels):,} rows of the data set.",
        )
    rows = np.arange(train_rows, dtype=np.int64)
    test = np.arange(train_rows, train_rows + test_rows, dtype=np.int64)
    return _hold_out(rows, labels, validation_fraction, test)


def given(split: Codes | None, labels: Codes, validation_fraction: float) -> SplitRows:
    """The split of the data set's own column (0 train, 1 validation, 2 test).

    Rows marked validation are used as they are; when there are none, `validation_fraction` of the
    training rows' duplicates is held out as `in_order` does. Raises SplitError as it does, and
    when the data set has no split column.
    """
    if split is None:
        raise SplitError("split", "The data set was uploaded without a split column.")
    train, validation, test = (np.flatnonzero(split == part) for part in (TRAIN, VALIDATION, TEST))
    if len(test) == 0:
        raise SplitError("split", "No row is marked test in the split column.")
    if len(validation) == 0:
        return _hold_out(train, labels, validation_fraction, test)
    duplicates = _duplicates(train, labels)
    held_out = validation[labels[validation] == 1]
    if len(held_out) == 0:
        raise SplitError("split", "No row marked validation is a duplicate pair.")
    return SplitRows(duplicates, _others(train, labels), held_out, validation, test)


def _hold_out(rows: Rows, labels: Codes, fraction: float, test: Rows) -> SplitRows:
    if not 0 < fraction < 1:
        raise SplitError("validation_fraction", "validation_fraction must be between 0 and 1.")
    duplicates = _duplicates(rows, labels)
    kept = int(len(duplicates) * (1 - fraction))
    if kept == 0 or kept == len(duplicates):
        part = "training" if kept == 0 else "validation"
        raise SplitError(
            "validation_fraction",
            f"A validation_fraction of {fraction:g} leaves none of the {len(duplicates):,} "
            f"duplicate pairs for {part}.",
        )
    held_out = duplicates[kept:]
    trained, validation = rows[rows < held_out[0]], rows[rows >= held_out[0]]
    return SplitRows(duplicates[:kept], _others(trained, labels), held_out, validation, test)


def _others(rows: Rows, labels: Codes) -> Rows:
    others: Rows = rows[labels[rows] != 1]
    return others


def _duplicates(rows: Rows, labels: Codes) -> Rows:
    duplicates: Rows = rows[labels[rows] == 1]
    if len(duplicates) == 0:
        raise SplitError(
            "train_rows", "No training row is a duplicate pair, so there is nothing to train on."
        )
    return duplicates
