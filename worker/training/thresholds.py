"""The decision threshold that is most accurate on some pairs, by a rule that ties cannot fool.

A threshold between two *equal* similarities would separate pairs that the model cannot tell apart,
and make a collapsed model look perfect: sentence-transformers reported accuracies of 1.0 for
constant predictions (huggingface/sentence-transformers#2282) until its version 6.2, which has the
rule that stands here. There is one candidate between each two neighbours among the distinct
similarities, one below all and one above all: a constant model gets the accuracy of the majority
class, never more.
"""

import numpy as np
import numpy.typing as npt


def best_threshold(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int8]) -> float:
    """The threshold for which `score > threshold` is most often right about `labels` in {0, 1}.

    `scores` and `labels` are (P,), P >= 1. Of equally accurate candidates the one in the widest
    gap between similarities is taken (the lowest gap has its floor at -1, the highest its ceiling
    at 1), and of equally wide gaps the lowest. The threshold is the middle of its gap, rounded to
    float32 so that a comparison in float32 separates the same pairs.
    """
    values, place = np.unique(scores, return_inverse=True)
    duplicates = np.bincount(place, weights=labels == 1)
    others = np.bincount(place, weights=labels != 1)
    # cut i calls all from values[i] on: right are the others below and the duplicates above
    right = np.append(0, np.cumsum(others)) + np.append(np.cumsum(duplicates[::-1])[::-1], 0)
    below_all = min(np.float32(-1), np.nextafter(values[0], np.float32(-np.inf)))
    edges = np.concatenate(([below_all], values, [max(np.float32(1), values[-1])]))
    low, high = edges[:-1].astype(np.float64), edges[1:].astype(np.float64)
    cut = int(np.argmax(np.where(right == right.max(), high - low, -1)))
    middle = np.float32((low[cut] + high[cut]) / 2)
    # between neighbouring float32 numbers there is none; the lower one separates them as well
    return float(middle if middle < high[cut] else low[cut])
