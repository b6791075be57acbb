"""The duplicate groups of training pairs, of which a seed may draw half (`models.specs.seeds`)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.datasets.groups import Groups

FEWEST_GROUPS = 20
"""With fewer, half of them can be drawn in so few ways that seeds would often draw the same: of 20
there are 184,756."""


@dataclass(frozen=True, slots=True)
class TrainingGroups:
    """How many training pairs there are, in how many groups, and what half of these may have."""

    pairs: int
    groups: int
    fewest: int
    """Pairs in the smaller half of the groups: no draw has fewer."""


def training_groups(groups: Groups, train: npt.NDArray[np.int64]) -> TrainingGroups:
    """Of the duplicate pairs `train` (row numbers), given the group of every question (2 * rows).

    Half of G groups are floor(G / 2), as a worker draws them.
    """
    # both questions of a training pair are in one group, since they are duplicates
    sizes = np.sort(np.unique(groups[2 * train], return_counts=True)[1])
    return TrainingGroups(len(train), len(sizes), int(sizes[: len(sizes) // 2].sum()))
