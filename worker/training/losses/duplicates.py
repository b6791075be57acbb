"""Which questions of a batch are known duplicates of an anchor, and so false negatives of it."""

import numpy as np
import torch
from torch import Tensor

from models.specs.losses import LossSpec
from worker.training.data import NO_QUESTIONS, Int64, RunData
from worker.training.losses.given_negatives import Given


def known_duplicates(
    data: RunData, rows: Int64, device: torch.device, given: Given | None = None
) -> Tensor:
    """(B, B) bool: True where the first question of one pair and the second of the other are in
    one duplicate group; the diagonal is True, whatever the groups say.

    With given negatives (B, B + m): rows are the anchors, which may be the second questions, and
    columns their positives and then the negatives.
    """
    side, further = (0, NO_QUESTIONS) if given is None else (given.side, given.questions)
    anchors, columns = (
        torch.from_numpy(np.ascontiguousarray(data.groups[questions])).to(device)
        for questions in (2 * rows + side, np.concatenate((2 * rows + 1 - side, further)))
    )
    return (anchors[:, None] == columns).fill_diagonal_(True)


def excluded_pairs(spec: LossSpec, known: Tensor) -> Tensor | None:
    """The pairs that a batch excludes under this loss; None means the diagonal alone."""
    return known if spec.exclude_known_duplicates else None
