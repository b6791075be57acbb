"""A cell trains as the arm that a person would have written, to the bit."""

from worker.training.loop import train

from support.factors import INIT, MASK
from support.published import MODIFIED, VANILLA
from support.training import figures, tiny_data, tiny_spec


def test_a_cell_gives_the_same_bits_as_the_arm_written_by_hand() -> None:
    factors = tiny_spec(arms=None, factors=[MASK, INIT])
    by_hand = tiny_spec(
        arms=[
            {**VANILLA, "encoder": {"init": "trax"}},
            {**MODIFIED, "encoder": {"init": "torch"}},
        ]
    )
    data = tiny_data()
    pairs = {"mask=left out, init=trax": "vanilla", "mask=kept, init=torch": "modified"}
    for cell, arm in pairs.items():
        trained = [list(train(s, name, 3, data)) for s, name in ((factors, cell), (by_hand, arm))]
        assert figures(trained[0]) == figures(trained[1])
