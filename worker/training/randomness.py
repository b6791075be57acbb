"""Every random draw of a run, as a pure function of a seed and what the draw is for.

The seed is that of the run, or one at which all runs are held (`models.specs.seeds`).

No generator is carried from one draw to the next, so a resume needs no generator's state, and an
arm that draws more or less than another does not change the other's numbers.
"""

from enum import IntEnum, unique

import numpy as np


@unique
class Purpose(IntEnum):
    """What a draw is for; the numbers are part of what a seed means, so they never change."""

    EMBEDDING = 1
    LSTM_INPUT = 2
    LSTM_RECURRENT = 3
    LSTM_BIAS = 4
    BATCH_ORDER = 5
    GRU_INPUT = 20
    GRU_RECURRENT = 21
    GRU_BIAS = 22
    TRANSFORMER = 23
    NEGATIVE = 40
    GIVEN_NEGATIVES = 41
    TRAINING_ROWS = 60
    DROPOUT = 70


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """A fresh counter-based generator (Philox 4x64) for one draw."""
    entropy = np.random.SeedSequence((seed, int(purpose), index))
    return np.random.Generator(np.random.Philox(entropy))
