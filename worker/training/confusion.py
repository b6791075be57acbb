"""What calling pairs duplicates at a threshold gets right and wrong: precision, recall, F1, MCC.

The accuracy hides on which side a network errs, above all where duplicates are few. All four are
scikit-learn's, also in what they are where a quotient would be 0/0: 0, so that a run that calls no
pair a duplicate stays in the comparison as the bad run that it is. Its import costs every process
that trains a second; `tests/unit/training/test_confusion.py` compares them.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


class Confusion(NamedTuple):
    """How many of P pairs of both labels are called what."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        return _share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return _share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall (van Rijsbergen 1979)."""
        wrong = self.false_positives + self.false_negatives
        return _share(2 * self.true_positives, 2 * self.true_positives + wrong)

    @property
    def mcc(self) -> float:
        """The correlation of calls and labels (Matthews 1975)."""
        tp, fp, fn, tn = self
        # whole numbers of any size: the product of four counts is beyond 64 bits
        square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return (tp * tn - fp * fn) / math.sqrt(square) if square else 0.0


def confusion(called: Bools, duplicate: Bools) -> Confusion:
    """Count P pairs by what they are called (P,) and what they are (P,)."""
    true_positives = int(np.count_nonzero(called & duplicate))
    positives, calls = int(np.count_nonzero(duplicate)), int(np.count_nonzero(called))
    return Confusion(
        true_positives,
        calls - true_positives,
        positives - true_positives,
        len(called) - calls - positives + true_positives,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
