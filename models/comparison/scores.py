"""The scores of a run on each test pair, read from the file that its worker wrote.

Two runs can be compared pair by pair only over the same test pairs, so the file has rows and labels
too.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from scipy.stats import rankdata

FILE = "scores.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """One run on its P test pairs."""

    row: NDArray[np.int64]
    """Which row of the data set each pair is: (P,)."""
    label: NDArray[np.bool_]
    """Whether it is a duplicate: (P,)."""
    right: NDArray[np.bool_]
    """Whether the run classified it correctly, at its own threshold: (P,)."""
    placement: NDArray[np.float64]
    """The share of the pairs with the other label that it is ranked correctly against, ties half
    (DeLong et al. 1988): (P,). Its mean over either label is the ROC-AUC; NaN when all pairs have
    one label."""

    def same_pairs(self, other: "PairScores") -> bool:
        return np.array_equal(self.row, other.row) and np.array_equal(self.label, other.label)


def read_scores(folder: Path, called: float) -> PairScores | None:
    """The scores in a run's folder, given the share of the test pairs that the run called
    duplicates; None when they cannot be read."""
    try:
        columns = load_file(folder / FILE)
    except (OSError, SafetensorError):
        return None
    return scores_of(columns["row"], columns["label"] == 1, columns["score"], called)


def scores_of(
    row: NDArray[np.int64], label: NDArray[np.bool_], score: NDArray[np.float32], called: float
) -> PairScores:
    """From similarities (P,), labels (P,) and the share of the pairs that were called duplicates.

    A threshold calls the highest scores duplicates, so the share identifies them, however the
    threshold was chosen; tied scores are on the same side of it.
    """
    count = round(called * len(score))
    duplicate = score >= np.sort(score)[-count] if count else np.zeros(len(score), dtype=bool)
    return PairScores(row, label, duplicate == label, _placements(label, score))


def _placements(label: NDArray[np.bool_], score: NDArray[np.float32]) -> NDArray[np.float64]:
    placement = np.full(len(label), np.nan)
    if label.all() or not label.any():
        return placement
    ranks = rankdata(score)  # midranks; minus the rank within the own label: the others below
    for own in (label, ~label):
        placement[own] = (ranks[own] - rankdata(score[own])) / np.count_nonzero(~own)
    placement[~label] = 1 - placement[~label]
    return placement
