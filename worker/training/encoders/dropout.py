"""Which outputs a training step leaves out: a pure function of the seed and the step.

Entries of a question's mean are set to 0 before it is scaled to length 1 (Srivastava et al. 2014).
The usual factor of 1 / (1 - share) would be scaled away again. Questions are drawn in their order,
so the pairs of a batch lose the same entries whatever negatives are given behind them, and a slot
of a stack those of a training alone.
"""

import numpy as np
import torch
from torch import Tensor

from worker.training.randomness import Purpose, stream


def kept_outputs(seed: int, step: int, questions: int, width: int, share: float) -> Tensor:
    """(questions, width) float32: 0 where an output is left out, which `share` of them are on
    average, else 1. NumPy draws them, so they are the same bits on every device."""
    drawn = stream(seed, Purpose.DROPOUT, step).random((questions, width), dtype=np.float32)
    return torch.from_numpy((drawn >= share).astype(np.float32))
