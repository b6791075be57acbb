"""Where the plateau of a collapsed network is: the one definition of it.

A *collapsed* network gives all questions one vector. So all its similarities are 1, those of
duplicates and those of other pairs alike, and its loss per row is known if all terms of the loss
are hinges or soft margins (`LossSpec.collapsed_loss_per_row`). An untrained network, or one that
diverges, can have a loss as large or larger, with similarities of any size; it is not collapsed.
"""

from collections.abc import Mapping

PLATEAU_SHARE = 0.95
"""Of the collapsed loss per row; the level lies clearly below it."""
HIGHEST_SHARE = 2 - PLATEAU_SHARE
"""Of the collapsed loss per row: as far above it as the level is below."""
NEAR_ONE = 0.95
"""A mean similarity from here on is near 1. On the plateau it is above 0.98, until the loss leaves
it; of untrained networks, whatever the encoder, pairs that are no duplicates are below 0.6."""


def plateau_level(collapsed_loss_per_row: float | None) -> float | None:
    """The loss per row below which a run is off the plateau; None for a loss without a plateau."""
    if not collapsed_loss_per_row:
        return None
    return PLATEAU_SHARE * collapsed_loss_per_row


def is_near(loss_per_row: float, collapsed_loss_per_row: float) -> bool:
    """Whether a loss is that of a collapsed network, give or take a twentieth."""
    share = loss_per_row / collapsed_loss_per_row
    return PLATEAU_SHARE <= share <= HIGHEST_SHARE


def all_alike(*similarities: float | None) -> bool:
    """Whether mean similarities are all near 1; those that are None, of no pairs, say nothing."""
    known = [one for one in similarities if one is not None]
    return bool(known) and min(known) >= NEAR_ONE


def is_collapsed(metrics: Mapping[str, float], collapsed_loss: float | None) -> bool:
    """Whether a run with these final metrics ended collapsed: the test pairs are all alike to it,
    duplicates and others, and its validation loss per row is near `collapsed_loss` (None: its loss
    has none that is known, so the similarities alone tell)."""
    if not all_alike(metrics.get("test.positive_mean"), metrics.get("test.negative_mean")):
        return False
    loss = metrics.get("validation.loss_per_row")
    return loss is None or not collapsed_loss or is_near(loss, collapsed_loss)
