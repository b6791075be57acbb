"""The loss below which a run is off the plateau of a collapsed network: the one definition of it.

A *collapsed* network gives all questions one vector, so all similarities agree.
"""

PLATEAU_SHARE = 0.95
"""Of the collapsed loss per row; the level lies clearly below it."""


def plateau_level(collapsed_loss_per_row: float | None) -> float | None:
    """The loss per row below which a run is off the plateau; None for a loss without a plateau.

    A loss has a plateau if its value is known when all similarities agree: if all its terms are
    hinges or soft margins (`LossSpec.collapsed_loss_per_row`).
    """
    if not collapsed_loss_per_row:
        return None
    return PLATEAU_SHARE * collapsed_loss_per_row
