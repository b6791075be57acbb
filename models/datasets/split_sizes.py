"""How many rows a split takes of a data set, where a spec gives a share of them, or nothing.

With nothing said, a fifth of the rows tests and the others train, up to the sizes of the course:
a data set of any size can then be asked about, and a large one is not tested on more pairs than a
verdict needs.
"""

from typing import NamedTuple

from models.datasets.errors import SplitError
from models.specs.splits import ConnectedGroupsSplit, InOrderSplit, SplitSpec

USUAL_SHARE = 0.8


class UsualRows(NamedTuple):
    """The most rows that train and test where a spec says nothing."""

    train: int = 300_000
    test: int = 10_240


COURSE = UsualRows()


def in_rows(split: SplitSpec, rows: int, usual: UsualRows = COURSE) -> SplitSpec:
    """The same split of a data set of so many rows, with every size as a number of rows.

    A split that has its numbers comes back as it is. Raises `SplitError` for a share that leaves
    no row to train, or none to test.
    """
    match split:
        case InOrderSplit(train_share=None):
            test = split.test_rows or min(usual.test, _rest(rows, split.train_rows))
            train = split.train_rows or max(min(usual.train, rows - test), 1)
            return split.model_copy(update={"train_rows": train, "test_rows": test})
        case InOrderSplit(train_share=float(share)):
            test = _tested(rows, share)
            sizes = {"train_rows": rows - test, "test_rows": test, "train_share": None}
            return split.model_copy(update=sizes)
        case ConnectedGroupsSplit(train_share=None):
            test = split.test_rows or min(usual.test, _rest(rows, None))
            return split.model_copy(update={"test_rows": test})
        case ConnectedGroupsSplit(train_share=float(share)):
            sizes = {"test_rows": _tested(rows, share), "train_share": None}
            return split.model_copy(update=sizes)
        case _:
            return split


def share_for(rows: int, test: int) -> float:
    """The train_share with the fewest digits that tests exactly `test` of the rows."""
    exact = 1 - test / rows
    shorter = (round(exact, digits) for digits in range(1, 16))
    return next((one for one in shorter if 0 < one < 1 and _test_of(rows, one) == test), exact)


def _rest(rows: int, train: int | None) -> int:
    """The rows that are left to test: at least one, so that too few rows are refused as such."""
    return max(rows - (round(rows * USUAL_SHARE) if train is None else train), 1)


def _test_of(rows: int, share: float) -> int:
    return rows - round(rows * share)


def _tested(rows: int, share: float) -> int:
    test = _test_of(rows, share)
    if 0 < test < rows:
        return test
    part = "training" if test else "testing"
    helps = "take a share nearer to a half" if rows > 1 else "use more rows"
    raise SplitError(
        "train_share",
        f"A train_share of {share:g} leaves none of the {rows:,} rows for {part}; {helps}.",
    )
