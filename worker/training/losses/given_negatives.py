"""Which given negatives are in a batch: a pure function of its rows, the seed and the step.

An anchor that has more of them than asked for has those that are drawn; what an arm with one of
them draws is the first that an arm with two draws.
"""

from dataclasses import dataclass

import numpy as np

from models.specs.losses import Anchors
from models.specs.training import NegativesSpec
from worker.training.data import Int32, Int64, NegativeTable, RunData
from worker.training.randomness import Purpose, stream


@dataclass(frozen=True)
class Given:
    """The negatives given to the anchors of a batch, m of them."""

    questions: Int64  # (m,) their numbers
    owners: Int64  # (m,) ascending: the place in the batch of the anchor that each is given to
    side: int  # of the anchors in their rows


def side_of(anchors: Anchors) -> int:
    """The side of the anchors. Raises `ValueError` for both: negatives are given to one."""
    if anchors == "both":
        raise ValueError("negatives are given to the anchors of one side")
    return int(anchors == "second")


def given_in_training(
    data: RunData, rows: Int64, spec: NegativesSpec, anchors: Anchors, seed: int, step: int
) -> Given | None:
    """The negatives given to the anchors of a training batch; None where the spec gives none."""
    if not spec.given:
        return None
    assert data.given is not None
    drawn = stream(seed, Purpose.GIVEN_NEGATIVES, step)
    return _given(data.given.keys, data.given.train, rows, spec.given, side_of(anchors), drawn)


def given_in_validation(
    data: RunData, rows: Int64, spec: NegativesSpec, anchors: Anchors
) -> Given | None:
    """The same of a batch that is only measured: always the first ones of each anchor."""
    if not spec.given:
        return None
    assert data.given is not None
    return _given(data.given.keys, data.given.validation, rows, spec.given, side_of(anchors), None)


def _given(
    keys: Int32,
    table: NegativeTable,
    rows: Int64,
    most: int,
    side: int,
    drawn: np.random.Generator | None,
) -> Given:
    own = keys[2 * rows + side]
    first, last = (np.searchsorted(table.keys, own, end) for end in ("left", "right"))
    counts = last - first
    owners = np.repeat(np.arange(len(rows)), counts)
    starts = np.cumsum(counts) - counts
    places = np.arange(len(owners))
    rank = places - np.repeat(starts, counts)
    candidates = table.questions[rank + np.repeat(first, counts)]
    if drawn is not None:
        candidates = candidates[np.lexsort((drawn.random(len(owners)), owners))]
    kept = rank < most
    return Given(candidates[kept], owners[kept], side)


def rows_to_train(data: RunData, spec: NegativesSpec, anchors: Anchors) -> Int64:
    """The duplicates that train under this spec: all of them, or where the pairs of a batch are no
    negatives of each other, those whose anchor is given one."""
    if spec.in_batch:
        return data.train
    assert data.given is not None
    return _with_negatives(data.given.keys, data.given.train, data.train, anchors)


def rows_to_validate(data: RunData, spec: NegativesSpec, anchors: Anchors) -> Int64:
    """The same of the duplicates that validate."""
    if spec.in_batch:
        return data.validation_duplicates
    assert data.given is not None
    rows = data.validation_duplicates
    return _with_negatives(data.given.keys, data.given.validation, rows, anchors)


def _with_negatives(keys: Int32, table: NegativeTable, rows: Int64, anchors: Anchors) -> Int64:
    return rows[np.isin(keys[2 * rows + side_of(anchors)], table.keys)]
