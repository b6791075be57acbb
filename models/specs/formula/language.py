"""The words of the language: its names, its functions, and how large a formula may be."""

from collections.abc import Mapping
from enum import IntEnum

MAX_LENGTH = 500  # characters
MAX_NODES = 100
MAX_DEPTH = 32
LARGEST = 1e12  # of any number that is written
MAX_TOP = 8191  # negatives of the largest batch


class Kind(IntEnum):
    """What a part of a formula is, by how often it has a value in a batch of B pairs."""

    NUMBER = 0
    """One value."""
    ROW = 1
    """One for each anchor: (B,)."""
    MATRIX = 2
    """One for each anchor and negative of it: (B, B)."""


NAMES: Mapping[str, Kind] = {
    "s_ap": Kind.ROW,
    "s_an": Kind.MATRIX,
    "margin": Kind.NUMBER,
    "step": Kind.NUMBER,
    "batch_size": Kind.NUMBER,
}

ELEMENTWISE = ("relu", "softplus", "exp", "log", "sqrt", "abs", "tanh", "sigmoid")
"""Functions of one value, wherever it stands."""
EXTREMES = ("min", "max")
"""Of one argument over a row's negatives, of two the smaller or larger of each."""
REDUCTIONS = (*EXTREMES, "mean", "sum", "logsumexp", "logmeanexp", "topk", "count")
"""Functions over the negatives of a row that count: a matrix becomes a row."""
NEED_A_NEGATIVE = frozenset(REDUCTIONS) - {"sum", "count"}
"""Reductions that have no value over no negative."""
FUNCTIONS = (*ELEMENTWISE, *REDUCTIONS, "cross_entropy", "detach", "rank", "where")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGIC = ("and", "or", "not")
