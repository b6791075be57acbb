"""The negatives that the rows of a data set give to anchors: a table of questions by key.

The key of a triplet's anchor is the triplet's number, and its negatives are the second texts of the
triplet's rows of label 0. The key of any other question is the number of its text, and its
negatives are the questions that a row of label 0 pairs it with, on either side. So a question has
them in whichever pair it stands.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.datasets.pairs import Triplets
from models.datasets.searched import TextNumbers
from models.datasets.splits import Rows

NOTHING = -1
"""The key of what has no negatives: an empty text, or the positive of a triplet."""


class NegativeTable(NamedTuple):
    """Questions by the key of those whose negatives they are, in the order of the rows."""

    keys: npt.NDArray[np.int32]
    """Ascending: (N,)."""
    questions: Rows
    """Numbers of questions, 2 * row + side: (N,)."""

    def counts(self, keys: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """How many negatives each of these keys has."""
        first, last = (np.searchsorted(self.keys, keys, side) for side in ("left", "right"))
        counts: npt.NDArray[np.int64] = last - first
        return counts


def negative_keys(texts: TextNumbers, triplets: Triplets | None) -> npt.NDArray[np.int32]:
    """The key of every question (2 * rows), from the numbers of their texts and of the triplets."""
    if triplets is None:
        return texts
    anchors_only = np.full(2 * len(triplets), NOTHING, dtype=np.int32)
    anchors_only[::2] = triplets
    return anchors_only


def negative_table(
    rows: Rows, texts: TextNumbers, triplets: Triplets | None = None
) -> NegativeTable:
    """The negatives that `rows`, all of label 0, give.

    A text that several rows give for one key counts once, and one that is the key's own never.
    """
    first, second = 2 * rows, 2 * rows + 1
    if triplets is not None:
        keys, questions = triplets[rows], second
        own = texts[first]
    else:
        keys = np.stack((texts[first], texts[second]), axis=1).ravel()
        questions = np.stack((second, first), axis=1).ravel()
        own = keys
    useful = (keys != NOTHING) & (texts[questions] != NOTHING) & (texts[questions] != own)
    keys, questions = keys[useful], questions[useful]
    both = keys.astype(np.int64) << 32 | texts[questions]
    once = np.sort(np.unique(both, return_index=True)[1])
    keys, questions = keys[once], questions[once]
    order = np.argsort(keys, kind="stable")
    return NegativeTable(keys[order].astype(np.int32), questions[order].astype(np.int64))
