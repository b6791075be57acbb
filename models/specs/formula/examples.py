"""A formula's value on three batches that show what it asks for, without torch and without data.

- *collapsed*: all questions have one vector, so every similarity is 1;
- *random*: independent random unit vectors of 128 dimensions, as of a network that knows nothing;
- *perfect*: every positive has the similarity 1, every negative 0.

A formula worth training costs less on the last than on the others. The step is the last one.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from models.specs.formula.arrays import Array, Rows, row_values
from models.specs.formula.grammar import parse

RANDOM_ROWS = 64
MOST_PAIRS = 16_384  # of the random batch: with large batches fewer of its rows are computed
WIDTH = 128
_ALIKE = tuple(np.linspace(0.95, 1.0, 6))
"""Similarities that count as collapsed (`models.comparison.collapse.plateau_level`)."""
_SIZES = (2, 17, 256)
_NEARLY = 1e-6


@dataclass(frozen=True)
class ExampleValues:
    """The unweighted mean over rows; None where it is not a finite number."""

    collapsed: float | None
    random: float | None
    perfect: float | None


@lru_cache(maxsize=512)
def example_values(
    row: str, margin: float, step: int, batch_size: int, among: str = "all"
) -> ExampleValues:
    """The values of a formula that can be read, on batches of this size."""
    others = np.ones((1, batch_size - 1))

    def mean(s_ap: Array, s_an: Array) -> float | None:
        counts = _counting(among, margin, s_ap, s_an)
        rows = Rows(s_ap, s_an, counts, margin, step, batch_size)
        with np.errstate(all="ignore"):
            value = float(row_values(parse(row), rows).mean())
        return value if np.isfinite(value) else None

    return ExampleValues(
        collapsed=mean(np.ones(1), others),
        random=mean(*_random_rows(batch_size)),
        perfect=mean(np.ones(1), 0 * others),
    )


def _counting(among: str, margin: float, s_ap: Array, s_an: Array) -> Array:
    """The negatives (R, N), bool, that count under a rule."""
    column = s_ap[:, None]
    if among == "all":
        return np.ones(s_an.shape, dtype=bool)
    not_harder = s_an <= column
    return not_harder & (s_an >= column - margin) if among == "semi_hard" else not_harder


@lru_cache(maxsize=8)
def _random_rows(batch_size: int) -> tuple[Array, Array]:
    """s_ap (R,) and s_an (R, batch_size - 1) of a few rows of a random batch, always the same."""
    draw = np.random.default_rng(0)
    rows = min(RANDOM_ROWS, batch_size, MOST_PAIRS // batch_size)
    first, second = (_unit_vectors(draw, count) for count in (rows, batch_size))
    similarities = first @ second.T
    s_an = similarities[~np.eye(rows, batch_size, dtype=bool)].reshape(rows, batch_size - 1)
    return similarities.diagonal().copy(), s_an


def _unit_vectors(draw: np.random.Generator, count: int) -> Array:
    vectors = draw.normal(size=(count, WIDTH))
    unit: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


@lru_cache(maxsize=512)
def collapsed_value(row: str, margin: float) -> float | None:
    """What the formula costs when all similarities are the same, where that follows from nothing
    else: not from how large they are (from 0.95 on), nor from the batch size or the step."""
    tree = parse(row)
    values = []
    for similarity, size, step in product(_ALIKE, _SIZES, (1, 1000)):
        s_an = np.full((1, size - 1), similarity)
        counts = np.ones(s_an.shape, dtype=bool)
        rows = Rows(np.array([similarity]), s_an, counts, margin, step, size)
        values += list(row_values(tree, rows))
    if not np.isfinite(values).all() or np.ptp(values) > _NEARLY:
        return None
    return float(f"{values[-1]:.9g}")  # rounded as a hinge's own margin is
