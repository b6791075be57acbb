"""How well similarities rank duplicates above other pairs: ROC AUC and average precision.

Both come from one sort. They are the same bits as scikit-learn's, whose import costs every process
that trains a second; `tests/unit/training/test_ranking.py` compares them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


class Ranking(NamedTuple):
    """Counts when everything from a similarity upwards is called a duplicate, for each distinct
    similarity from the highest down: two arrays (D,)."""

    true_positives: Doubles
    false_positives: Doubles


def ranking(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> Ranking:
    """The counts of P pairs from their similarities (P,) and labels (P,) in {0, 1}."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    # pairs with the same similarity are called together: the last of each is where to count
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    true_positives = np.cumsum(labels[order] == 1, dtype=np.float64)[last]
    return Ranking(true_positives, 1.0 + last - true_positives)


def roc_auc(found: Ranking) -> float:
    """The chance that a duplicate is ranked above another pair, where a tie counts half.

    Both labels must occur.
    """
    true, false = found
    if len(true) > 2:  # points on a straight line between their neighbours add only rounding
        corner = np.concatenate(
            ([True], (np.diff(false, 2) != 0) | (np.diff(true, 2) != 0), [True])
        )
        true, false = true[corner], false[corner]
    recall = np.append(0.0, true) / true[-1]
    false_rate = np.append(0.0, false) / false[-1]
    return float(np.trapezoid(recall, false_rate))


def average_precision(found: Ranking) -> float:
    """The precision at each distinct similarity, weighted with what the recall gains there.

    Both labels must occur.
    """
    true, false = found
    # from the lowest similarity up, since the order of a sum decides its last bits
    recall = np.append((true / true[-1])[::-1], 0.0)
    precision = (true / (true + false))[::-1]
    return float(max(0.0, -np.sum(np.diff(recall) * precision)))
