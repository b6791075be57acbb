"""The split that does not leak: known duplicates are never in different parts.

An in-order split tests on questions that were trained on, since one question is part of many pairs.
Here whole duplicate groups (`groups.py`) go to one part, so that **no question of a test pair, nor
any joined to it by duplicate links, occurs in a training or validation pair**, nor one of a
validation pair in training.

A duplicate pair lies inside one group, so none is lost. A pair that is *not* a duplicate may join
two groups; where these went to different parts, the pair is left out, and counted. (Joining groups
over such pairs too would lose none, but can merge a whole data set into one group.) A lone
question, one without a duplicate link, is in no training pair and so goes where its pairs need it.

Neither a person nor a seed chooses which group goes where: groups are visited in one fixed shuffled
order, given by the numbers of numpy's Philox stream, which numpy promises never to change.
"""

import numpy as np
import numpy.typing as npt

from models.datasets.errors import SplitError
from models.datasets.groups import Groups
from models.datasets.pairs import TEST, TRAIN, VALIDATION, Codes
from models.datasets.splits import Rows, SplitRows

LONE = -1  # the part of a group without a duplicate pair
MIXING_KEY = 0

Numbers = npt.NDArray[np.int64]


def connected_groups(
    groups: Groups, labels: Codes, test_rows: int, validation_fraction: float
) -> SplitRows:
    """Split rows by the duplicate groups of their questions (2 * rows) and labels (rows).

    The test part has `test_rows` rows, with the data set's share of duplicates; fewer rows only
    where no group is small enough for what is missing. `validation_fraction` of the remaining
    duplicates validate, with pairs of the other label in the same share as far as there are any;
    the rest train. Raises SplitError where a part would be empty, or where too few pairs that are
    not duplicates can be tested without a leak; it then names a size that works.
    """
    try:
        return _split(groups, labels, test_rows, validation_fraction)
    except _TooFewOthers as refused:
        works = _size_that_works(groups, labels, refused.guess, validation_fraction)
        raise refused.with_advice(works) from None


def _split(groups: Groups, labels: Codes, test_rows: int, validation_fraction: float) -> SplitRows:
    duplicates, others = np.flatnonzero(labels == 1), np.flatnonzero(labels != 1)
    tested_duplicates, tested_others = _test_counts(len(duplicates), len(others), test_rows)
    ends = groups.reshape(-1, 2)
    group_of = ends[duplicates, 0]
    part = _parts(np.bincount(group_of), tested_duplicates, validation_fraction)
    part = np.pad(part, (0, int(groups.max()) + 1 - len(part)), constant_values=LONE)
    train, held_out, tested = (duplicates[part[group_of] == p] for p in (TRAIN, VALIDATION, TEST))

    low, high = np.sort(part[ends[others]], axis=1).T  # the parts of a pair's two questions
    lone = others[high == LONE]
    fitting = others[_inside(low, high, TEST)]
    wanted = tested_others * len(tested) // tested_duplicates
    test = np.concatenate((tested, _chosen(fitting, lone, wanted)))
    if len(test) < len(tested) + wanted:
        raise _TooFewOthers(len(test) - len(tested), len(others) / len(labels), test_rows)

    # a lone question that is tested may be in pairs of validation groups too; the test goes first
    evaluated = np.zeros(len(part), dtype=bool)
    evaluated[ends[test]] = True
    taken: npt.NDArray[np.bool_] = np.logical_or(*evaluated[ends].T)
    fitting = others[_inside(low, high, VALIDATION)]
    wanted = round(len(held_out) * len(others) / len(duplicates))
    validation = _chosen(fitting[~taken[fitting]], lone[~taken[lone]], wanted)
    validation = np.concatenate((held_out, validation))

    # nor does a training row share a lone question with either
    evaluated[ends[validation]] = True
    held: npt.NDArray[np.bool_] = np.logical_or(*evaluated[ends].T)
    trained = others[_inside(low, high, TRAIN)]
    trained = trained[~held[trained]]

    separated = np.count_nonzero((low != LONE) & (low != high))
    left_out = int(separated + np.count_nonzero(taken[fitting]))
    return SplitRows(train, trained, held_out, np.sort(validation), np.sort(test), left_out)


def _inside(low: Codes, high: Codes, part: int) -> npt.NDArray[np.bool_]:
    """Which pairs touch a group of `part` and none of another; LONE is below every part."""
    inside: npt.NDArray[np.bool_] = (high == part) & ((low == part) | (low == LONE))
    return inside


def _test_counts(duplicates: int, others: int, test_rows: int) -> tuple[int, int]:
    """How many test rows have each label, in the share of all rows."""
    rows = duplicates + others
    if duplicates == 0:
        raise SplitError("split", "No row is a duplicate pair, so there is nothing to train on.")
    if not 1 <= test_rows < rows:
        raise SplitError(
            "test_rows",
            f"test_rows must be at least 1, and below the {rows:,} rows of the data set.",
        )
    wanted = round(test_rows * duplicates / rows)
    if wanted == 0:
        raise SplitError(
            "test_rows",
            f"None of {test_rows:,} test rows would be a duplicate pair; take at least "
            f"{-(-rows // duplicates):,}.",
        )
    return wanted, test_rows - wanted


def _parts(sizes: Numbers, tested: int, validation_fraction: float) -> npt.NDArray[np.int8]:
    """The part of each group from its number of duplicate pairs: TRAIN, VALIDATION, TEST, LONE."""
    if not 0 < validation_fraction < 1:
        raise SplitError("validation_fraction", "validation_fraction must be between 0 and 1.")
    part = np.where(sizes > 0, TRAIN, LONE).astype(np.int8)
    walk = _mixed(np.flatnonzero(sizes))
    test = _fitting(walk, sizes, tested)
    part[test] = TEST
    walk = walk[part[walk] == TRAIN]
    left = int(sizes[walk].sum())
    validation = _fitting(walk, sizes, left - int(left * (1 - validation_fraction)))
    part[validation] = VALIDATION
    if not test or len(walk) == 0:
        raise _empty("test_rows", "training" if test else "test", sizes)
    if not validation or len(validation) == len(walk):
        raise _empty("validation_fraction", "training" if validation else "validation", sizes)
    return part


def _fitting(walk: Numbers, sizes: Numbers, room: int) -> list[int]:
    """The groups of the walk, in order, that still fit into `room` duplicate pairs."""
    taken = []
    for group, size in zip(walk.tolist(), sizes[walk].tolist(), strict=True):
        if size <= room:
            taken.append(group)
            room -= size
    return taken


def _chosen(first: Rows, then: Rows, count: int) -> Rows:
    """`count` rows: from `first`, and from `then` only what is missing; all of them if fewer."""
    return np.concatenate((_mixed(first)[:count], _mixed(then)[: max(count - len(first), 0)]))


def _mixed(numbers: Numbers) -> Numbers:
    """The numbers, sorted by the words of the Philox stream at their positions."""
    if len(numbers) == 0:
        return numbers
    words = np.random.Philox(key=MIXING_KEY).random_raw(int(numbers.max()) + 1)
    return numbers[np.argsort(words[numbers], kind="stable")]


def _empty(field: str, part: str, sizes: Numbers) -> SplitError:
    groups = np.count_nonzero(sizes)
    return SplitError(
        field,
        f"No group of duplicates is left for {part}: groups stay whole, there are {groups:,}, "
        f"and the largest has {sizes.max():,} pairs.",
    )


def _size_that_works(
    groups: Groups, labels: Codes, guess: int, validation_fraction: float
) -> int | None:
    """The first of ever smaller sizes of the test part that can be split so; None if none can.

    Another size takes other groups into the test part, with other pairs around them, so each is
    tried rather than computed.
    """
    while guess > 0:
        try:
            _split(groups, labels, guess, validation_fraction)
        except _TooFewOthers as refused:
            guess = refused.guess
        except SplitError:
            return None
        else:
            return guess
    return None


class _TooFewOthers(SplitError):
    """Too few pairs that are not duplicates fit the test part that was asked for."""

    def __init__(self, available: int, share: float, test_rows: int) -> None:
        super().__init__(
            "test_rows",
            f"Only {available:,} pairs that are not duplicates can be tested without sharing "
            f"questions with training, which is too few for {test_rows:,} test rows at the data "
            f"set's share of {share:.1%}",
        )
        self.guess = min(int(available / share), test_rows * 7 // 8)
        """A smaller size that may work."""

    def with_advice(self, works: int | None) -> SplitError:
        if works is None:
            return SplitError(self.field, f"{self.message}; no smaller size was found to work.")
        advice = f"{self.message}; test_rows of {works:,} works."
        return SplitError(self.field, advice, works)
