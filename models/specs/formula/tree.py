"""The tree of a formula: its nodes, each with its kind, and what can be asked of the whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from models.specs.formula.language import NEED_A_NEGATIVE, Kind


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula. Nodes are equal where their texts mean the same, wherever they stand."""

    kind: Kind
    truth: bool
    """Whether it is true or false, and not a number."""
    learns: bool
    """Whether a gradient goes through it to the similarities."""
    column: int = field(compare=False)
    depth: int


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: float


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function or an operator (`-` of one argument is the negative), and its arguments."""

    function: str
    arguments: tuple[Node, ...]


def nodes(tree: Node) -> Iterator[Node]:
    """Every node of the tree, itself first."""
    yield tree
    if isinstance(tree, Call):
        for argument in tree.arguments:
            yield from nodes(argument)


def names(tree: Node) -> frozenset[str]:
    """The names that the formula reads."""
    return frozenset(one.name for one in nodes(tree) if isinstance(one, Name))


def needs_a_negative(tree: Node) -> bool:
    """Whether the formula takes of a row's negatives what has no value where there is none: it
    then contributes 0 in such a row. Sums and counts are 0 over none, so these alone do not."""
    return any(
        isinstance(one, Call)
        and one.function in NEED_A_NEGATIVE
        and one.arguments[0].kind is Kind.MATRIX
        and one.kind is Kind.ROW
        for one in nodes(tree)
    )
