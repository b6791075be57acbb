"""Which entries of a row are negatives that count, under each rule of `among`.

- `all`: every entry that is not excluded; the diagonal always is.
- `not_harder_than_positive`: those with s_an <= s_ap (the mask of the course notebook is strict).
- `semi_hard`: s_ap - margin <= s_an <= s_ap.
"""

from typing import assert_never

from torch import Tensor

from models.specs.terms import Among
from worker.training.losses.batch import Batch


def negatives(among: Among, margin: float, batch: Batch) -> Tensor:
    """The negatives (B, B), bool, that count under a rule."""
    similarities = batch.similarities
    column = similarities.diagonal()[:, None]
    match among:
        case "all":
            return ~batch.excluded
        case "not_harder_than_positive":
            return (similarities <= column) & ~batch.excluded
        case "semi_hard":
            within = (similarities <= column) & (similarities >= column - margin)
            return within & ~batch.excluded
        case _:
            assert_never(among)
