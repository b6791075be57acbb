"""Which training pairs a run trains on, where that is drawn under its seed: half of their groups.

**Groups, and not pairs**, are drawn: pairs of one duplicate group ask the same, so a pair alone
would leave what it teaches to the rest of its group. **Half of them, and none twice.** A bootstrap
has as many rows as there are, some of them several times, and a pair that meets itself in a batch
is a negative that the network cannot tell from the positive: the loss would be another one. Half
without repetition has the same variance of a mean as the bootstrap, since the factor (1 - f) / f of
a share f is 1 at a half (Buja and Stuetzle, "Observations on Bagging", Statistica Sinica 16, 2006:
the two agree for smooth statistics; balanced half-samples go back to McCarthy, 1969). The price is
that runs see half of the data, so their level is that of half of it.

Validation and test pairs, and the vocabulary, are those of the split: only what is trained on is
drawn, and out of the training rows alone.
"""

from dataclasses import replace

import numpy as np

from worker.training.data import RunData
from worker.training.randomness import Purpose, stream


def with_drawn_rows(data: RunData, seed: int | None) -> RunData:
    """The data with the training pairs that this seed draws; with all of them where it is None.

    Of G duplicate groups floor(G / 2) are drawn. Raises `ValueError` where there are fewer than 2.
    """
    if seed is None:
        return data
    # both questions of a training pair are in one group, since they are duplicates
    groups, of_row = np.unique(data.groups[2 * data.train], return_inverse=True)
    if len(groups) < 2:
        raise ValueError("all training pairs are in one duplicate group, which has no half")
    order = stream(seed, Purpose.TRAINING_ROWS).permutation(len(groups))
    drawn = np.zeros(len(groups), dtype=bool)
    drawn[order[: len(groups) // 2]] = True
    return replace(data, train=data.train[drawn[of_row]])
