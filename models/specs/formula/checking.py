"""Whether the parts of a formula fit together, decided before anything is computed."""

from collections.abc import Sequence
from difflib import get_close_matches

from models.specs.formula.errors import FormulaError
from models.specs.formula.language import (
    COMPARISONS,
    ELEMENTWISE,
    EXTREMES,
    FUNCTIONS,
    LOGIC,
    MAX_TOP,
    NAMES,
    REDUCTIONS,
    Kind,
)
from models.specs.formula.tree import Call, Name, Node, Number

_OPERATORS = (*COMPARISONS, *LOGIC, "+", "-", "*", "/", "^")
_EVERY = ("one number", "one value for each row", "one value for each negative")
_OTHER_WORDS = {
    "ln": "log", "pow": "^", "max0": "relu", "avg": "mean", "average": "mean", "len": "count",
    "stop_gradient": "detach", "sg": "detach", "if": "where", "true": "a comparison",
    "false": "a comparison", "s_p": "s_ap", "s_n": "s_an", "m": "margin", "positive": "s_ap",
    "negative": "s_an", "negatives": "s_an", "amax": "max", "amin": "min", "lse": "logsumexp",
}  # fmt: skip


def name_of(name: str, column: int) -> Node:
    """The node of a name. Raises `FormulaError` where there is no such name."""
    if name in NAMES:
        kind = NAMES[name]
        return Name(kind, False, kind is not Kind.NUMBER, column, 1, name)
    if name in FUNCTIONS:
        raise FormulaError(column, f"{name} is a function: write {name}(…)")
    raise FormulaError(column, _unknown("name", name, tuple(NAMES)))


def call_of(function: str, arguments: Sequence[Node], column: int) -> Node:
    """The node of a function or operator of these arguments. Raises `FormulaError`."""
    made = tuple(arguments)
    kind, truth, learns = _type_of(function, made, column)
    depth = 1 + max(one.depth for one in made)
    return Call(kind, truth, learns, column, depth, function, made)


def require_a_row(tree: Node) -> None:
    """Refuse a formula that is not one number for each row, or that nothing could be learned by."""
    if tree.truth:
        raise FormulaError(
            tree.column, "this is true or false; where(condition, a, b) makes numbers of it"
        )
    if tree.kind is Kind.MATRIX:
        raise FormulaError(
            tree.column,
            "this is one value for each negative, and a term is one for each row: take max(…), "
            "mean(…) or another function over the negatives",
        )
    if tree.kind is Kind.NUMBER:
        raise FormulaError(
            tree.column, "this is the same number for each row: a term depends on s_ap or s_an"
        )
    if not tree.learns:
        raise FormulaError(
            tree.column,
            "nothing can be learned by this: no gradient goes through detach, rank, count or a "
            "comparison",
        )


def _type_of(function: str, of: tuple[Node, ...], column: int) -> tuple[Kind, bool, bool]:
    """Kind, whether it is a truth, and whether it learns."""
    if function not in _OPERATORS and function not in FUNCTIONS:
        raise FormulaError(column, _unknown("function", function, FUNCTIONS))
    if function in LOGIC:
        for one in of:
            _require_truth(one, f"{function} joins")
        return _widest(of), True, False
    if function == "where":
        return _where(of, column)
    if function == "count":
        _require_arguments(function, of, 1, column)
        _require_matrix(function, of[0])
        return Kind.ROW, False, False
    for one in of:
        _require_number(one, function)
    if function in COMPARISONS:
        return _widest(of), True, False
    if function == "^" and of[1].kind is not Kind.NUMBER:
        raise FormulaError(
            of[1].column, "an exponent is one number; exp(x) is the power with exponents that vary"
        )
    if function in ("+", "-", "*", "/", "^"):
        return _widest(of), False, _any_learns(of)
    return _function(function, of, column)


def _function(function: str, of: tuple[Node, ...], column: int) -> tuple[Kind, bool, bool]:
    if function in EXTREMES and len(of) == 2:
        return _widest(of), False, _any_learns(of)
    if function == "topk":
        _require_arguments(function, of, 2, column)
        _require_top(of[1])
        _require_matrix(function, of[0])
        return Kind.ROW, False, of[0].learns
    if function == "cross_entropy":
        _require_arguments(function, of, 2, column)
        if of[0].kind is not Kind.ROW:
            raise FormulaError(
                of[0].column,
                f"cross_entropy(positive, negatives) begins with one value for each row, such as "
                f"20 * s_ap, and this is {_EVERY[of[0].kind]}",
            )
        _require_matrix(function, of[1])
        return Kind.ROW, False, _any_learns(of)
    _require_arguments(function, of, 1, column)
    if function in ELEMENTWISE:
        return of[0].kind, False, of[0].learns
    if function == "detach":
        return of[0].kind, False, False
    _require_matrix(function, of[0])
    if function == "rank":
        return Kind.MATRIX, False, False
    assert function in REDUCTIONS
    return Kind.ROW, False, of[0].learns


def _where(of: tuple[Node, ...], column: int) -> tuple[Kind, bool, bool]:
    _require_arguments("where", of, 3, column)
    _require_truth(of[0], "where(condition, a, b) begins with")
    for one in of[1:]:
        _require_number(one, "where")
    return _widest(of), False, _any_learns(of[1:])


def _widest(of: Sequence[Node]) -> Kind:
    return max(one.kind for one in of)


def _any_learns(of: Sequence[Node]) -> bool:
    return any(one.learns for one in of)


def _require_arguments(function: str, of: Sequence[Node], count: int, column: int) -> None:
    if len(of) == count:
        return
    written = {
        "where": "where(condition, a, b)", "topk": "topk(x, 5)",
        "cross_entropy": "cross_entropy(positive, negatives)",
        "min": "min(x) over the negatives, or min(a, b)",
        "max": "max(x) over the negatives, or max(a, b)",
    }  # fmt: skip
    form = written.get(function, f"{function}(x)")
    raise FormulaError(column, f"{function} is written {form}, and has {len(of)} arguments here")


def _require_number(node: Node, function: str) -> None:
    if node.truth:
        raise FormulaError(
            node.column,
            f"this is true or false, and {function} takes numbers; where(condition, 1, 0) makes "
            "a number of it",
        )


def _require_truth(node: Node, words: str) -> None:
    if not node.truth:
        raise FormulaError(node.column, f"{words} a comparison, such as s_an > s_ap")


def _require_matrix(function: str, node: Node) -> None:
    if node.kind is not Kind.MATRIX:
        raise FormulaError(
            node.column,
            f"{function} goes over a row's negatives, and this is {_EVERY[node.kind]}: s_an is not "
            "in it",
        )


def _require_top(node: Node) -> None:
    if not isinstance(node, Number) or node.value != int(node.value) or not 0 < node.value:
        raise FormulaError(node.column, "topk(x, 5): how many is written as a whole number")
    if node.value > MAX_TOP:
        raise FormulaError(node.column, f"no batch has more than {MAX_TOP:,} negatives")


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    shown = name if len(name) <= 40 else f"{name[:39]}…"
    other = _OTHER_WORDS.get(name.lower())
    near = [other] if other else get_close_matches(name.lower()[:40], known, n=1, cutoff=0.6)
    meant = f"is {near[0]} meant? " if near else ""
    return f"no {what} is called {shown}; {meant}the {what}s are {', '.join(known)}"
