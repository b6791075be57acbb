"""The scores of a run on each test pair, read from the file that its worker wrote.

Two runs can be compared pair by pair only over the same test pairs, so the file has rows and labels
too.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import DamagedRunFile
from models.files.score_files import read_score_file

FILE = "scores.safetensors"

_log = logging.getLogger(__name__)


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
    score: NDArray[np.float32]
    """How similar the run finds the two texts: (P,)."""
    grade: NDArray[np.float32] | None = None
    """How similar people found them: (P,); None where the data do not say."""
    triplet: NDArray[np.int32] | None = None
    """The number of the triplet that each pair is of: (P,); None where they are of none."""

    def same_pairs(self, other: "PairScores") -> bool:
        return np.array_equal(self.row, other.row) and np.array_equal(self.label, other.label)

    def pairs_digest(self) -> bytes:
        """The same for two runs whose test pairs are the same, in the same order."""
        digest = hashlib.sha256(self.row.tobytes())
        digest.update(self.label.tobytes())
        return digest.digest()


def read_scores(folder: Path, called: float) -> PairScores | None:
    """The scores in a run's folder, given the share of the test pairs that the run called
    duplicates; None when they cannot be read, which the log then says."""
    try:
        columns = read_score_file(folder / FILE)
    except FileNotFoundError:
        return None
    except (OSError, DamagedRunFile) as error:
        _log.warning("compared without the test pairs of a run: %s", error)
        return None
    grades = columns.grade, columns.triplet
    return scores_of(columns.row, columns.label == 1, columns.score, called, *grades)


def scores_of(
    row: NDArray[np.int64],
    label: NDArray[np.bool_],
    score: NDArray[np.float32],
    called: float,
    grade: NDArray[np.float32] | None = None,
    triplet: NDArray[np.int32] | None = None,
) -> PairScores:
    """From similarities (P,), labels (P,) and the share of the pairs that were called duplicates;
    what else is known of the pairs is (P,) too.

    A threshold calls the highest scores duplicates, so the share identifies them, however the
    threshold was chosen; tied scores are on the same side of it.
    """
    order = np.argsort(score)
    ascending = score[order]
    count = round(called * len(score))
    duplicate = score >= ascending[-count] if count else np.zeros(len(score), dtype=bool)
    placement = np.empty(len(label))
    placement[order] = _placements(label[order], ascending)
    return PairScores(row, label, duplicate == label, placement, score, grade, triplet)


def _placements(label: NDArray[np.bool_], ascending: NDArray[np.float32]) -> NDArray[np.float64]:
    """The placements of pairs in the order of their scores."""
    duplicates = np.concatenate([[0], np.cumsum(label)])  # among so many of the lowest scores
    others = np.arange(len(duplicates)) - duplicates
    if not duplicates[-1] or not others[-1]:
        return np.full(len(label), np.nan)
    # where each run of equal scores begins, and the end of the last
    edges = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1], [True]]))
    lengths = np.diff(edges)

    def share_below(of: NDArray[np.int64]) -> NDArray[np.float64]:
        midway = (of[edges[:-1]] + of[edges[1:]]) / 2
        return np.repeat(midway / of[-1], lengths)

    return np.where(label, share_below(others), 1 - share_below(duplicates))
