"""Which questions of a batch are known duplicates, and so are false negatives of each other."""

import numpy as np
import torch
from torch import Tensor

from models.specs.losses import LossSpec
from worker.training.data import Int64, RunData


def known_duplicates(data: RunData, rows: Int64, device: torch.device) -> Tensor:
    """(B, B) bool: True where the first question of one pair and the second of the other are in
    one duplicate group; the diagonal is True, whatever the groups say."""
    first, second = (
        torch.from_numpy(np.ascontiguousarray(data.groups[2 * rows + side])).to(device)
        for side in (0, 1)
    )
    return (first[:, None] == second).fill_diagonal_(True)


def excluded_pairs(spec: LossSpec, known: Tensor) -> Tensor | None:
    """The pairs that a batch excludes under this loss; None means the diagonal alone."""
    return known if spec.exclude_known_duplicates else None
