"""A formula computed by NumPy, in double precision and without gradients.

For the numbers in a formula (`margin / 2` is one everywhere), and for the values that are shown of
a formula before it trains, by a process that has no torch. What it gives is what
`worker.training.losses.formula` gives, up to rounding.

A row is (R, 1) and a matrix (R, N), so that NumPy's own broadcasting lines them up. R rows are
independent of each other, so there may be fewer rows than negatives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.specs.formula.language import Kind
from models.specs.formula.tree import Call, Name, Node, Number, names, needs_a_negative

Array = npt.NDArray[Any]
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Rows:
    """R rows of a batch: s_ap (R,), and of N others s_an (R, N), which `counts` (R, N) or not."""

    s_ap: Array
    s_an: Array
    counts: npt.NDArray[np.bool_]
    margin: float = 0.25
    step: int = 1
    batch_size: int = 2


def row_values(tree: Node, rows: Rows) -> Array:
    """The value of each row: (R,). It is 0 in a row without a negative that counts, unless the
    formula needs none, and has a finite value there."""
    with np.errstate(all="ignore"):
        values = np.broadcast_to(_value(tree, rows), (len(rows.s_ap), 1))[:, 0]
    if "s_an" not in names(tree):
        return values
    empty = ~rows.counts.any(axis=1)
    if not needs_a_negative(tree):
        empty &= ~np.isfinite(values)
    return np.where(empty, 0.0, values)


def number(tree: Node, margin: float, step: int, batch_size: int) -> float:
    """The value of a part of the kind `NUMBER`; a truth is 1 or 0."""
    with np.errstate(all="ignore"):
        return float(_value(tree, _no_rows(margin, step, batch_size)))


def is_finite(tree: Node) -> bool:
    """Whether a number is finite; so far as is known, where it reads a name."""
    return bool(names(tree)) or bool(np.isfinite(number(tree, 1.0, 1, 2)))


def _no_rows(margin: float, step: int, batch_size: int) -> Rows:
    nothing = np.empty((0, 0))
    return Rows(np.empty(0), nothing, nothing.astype(bool), margin, step, batch_size)


def _value(node: Node, rows: Rows) -> Array:
    match node:
        case Number(value=value):
            return np.asarray(value)
        case Name(name="s_ap"):
            return rows.s_ap.astype(np.float64)[:, None]
        case Name(name="s_an"):
            return rows.s_an.astype(np.float64)
        case Name(name=name):
            return np.asarray(float(getattr(rows, name)))
        case Call(function=function, arguments=arguments):
            values = [_value(one, rows) for one in arguments]
            if arguments[0].kind is Kind.MATRIX and function in _OVER_NEGATIVES:
                if node.kind is Kind.ROW or function == "rank":
                    matrix = np.broadcast_to(values[0], rows.counts.shape)
                    return _OVER_NEGATIVES[function](matrix, rows.counts, *values[1:])
            if function == "cross_entropy":
                return _cross_entropy(values[0], values[1], rows.counts)
            return np.asarray(_ELEMENTWISE[function, len(values)](*values))
    raise TypeError(f"{node} is no part of a formula")


def _log(x: Array) -> Array:
    return np.log(np.maximum(x, TINY))


_ELEMENTWISE: Mapping[tuple[str, int], Callable[..., Any]] = {
    ("+", 2): np.add, ("-", 2): np.subtract, ("*", 2): np.multiply, ("/", 2): np.divide,
    ("^", 2): np.power, ("-", 1): np.negative,
    ("<", 2): np.less, ("<=", 2): np.less_equal, (">", 2): np.greater,
    (">=", 2): np.greater_equal, ("==", 2): np.equal, ("!=", 2): np.not_equal,
    ("and", 2): np.logical_and, ("or", 2): np.logical_or, ("not", 1): np.logical_not,
    ("where", 3): np.where, ("min", 2): np.minimum, ("max", 2): np.maximum,
    ("relu", 1): lambda x: np.maximum(x, 0.0), ("softplus", 1): lambda x: np.logaddexp(0.0, x),
    ("exp", 1): np.exp, ("log", 1): _log, ("sqrt", 1): lambda x: np.sqrt(np.maximum(x, 0.0)),
    ("abs", 1): np.abs, ("tanh", 1): np.tanh,
    ("sigmoid", 1): lambda x: np.exp(-np.logaddexp(0.0, -x)), ("detach", 1): lambda x: x,
}  # fmt: skip


def _sum(x: Array, counts: Array) -> Array:
    total: Array = np.where(counts, x, 0.0).sum(axis=1, keepdims=True)
    return total


def _size(counts: Array, most: float = np.inf) -> Array:
    size: Array = np.clip(counts.sum(axis=1, keepdims=True), 1, most)
    return size


def _logsumexp(x: Array, counts: Array) -> Array:
    kept = np.where(counts, x, -np.inf)
    return np.logaddexp.reduce(kept, axis=1, keepdims=True)


def _topk(x: Array, counts: Array, k: Array) -> Array:
    most = int(k)
    falling = -np.sort(-np.where(counts, x, -np.inf), axis=1)[:, :most]
    size = counts.sum(axis=1, keepdims=True)
    within = np.arange(falling.shape[1]) < size
    return _sum(falling, within) / _size(counts, most)


def _rank(x: Array, counts: Array) -> Array:
    kept = np.where(counts, x, -np.inf)
    falling = np.sort(-kept, axis=1)
    pairs = zip(falling, -kept, strict=True)
    larger = [np.searchsorted(row, own, side="left") for row, own in pairs]
    return np.asarray(larger, dtype=np.float64).reshape(kept.shape) + 1


def _cross_entropy(positive: Array, x: Array, counts: Array) -> Array:
    return np.logaddexp(positive, _logsumexp(np.broadcast_to(x, counts.shape), counts)) - positive


_OVER_NEGATIVES: Mapping[str, Callable[..., Array]] = {
    "max": lambda x, counts: np.where(counts, x, -np.inf).max(axis=1, keepdims=True),
    "min": lambda x, counts: np.where(counts, x, np.inf).min(axis=1, keepdims=True),
    "sum": _sum,
    "mean": lambda x, counts: _sum(x, counts) / _size(counts),
    "count": lambda x, counts: _sum(x if x.dtype == bool else np.ones_like(x), counts),
    "logsumexp": _logsumexp,
    "logmeanexp": lambda x, counts: _logsumexp(x, counts) - np.log(_size(counts)),
    "topk": _topk,
    "rank": _rank,
}
