"""The grammar of formulas, read by recursive descent: `parse` turns a text into a checked tree.

From the loosest to the tightest: `or`, `and`, `not`, one comparison, `+ -`, `* /`, the sign, `^`
(from the right, as in 2^3^2), and then numbers, names, calls and parentheses. So -x^2 is -(x^2).
"""

from collections.abc import Callable
from functools import lru_cache

from models.specs.formula.arrays import is_finite
from models.specs.formula.checking import call_of, name_of, require_a_row
from models.specs.formula.errors import FormulaError
from models.specs.formula.language import (
    COMPARISONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_NODES,
    Kind,
)
from models.specs.formula.tokens import Token, tokens
from models.specs.formula.tree import Node, Number


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """The tree of a formula that is one number for each row.

    Raises `FormulaError` with the column of the first part that is wrong.
    """
    if len(text) > MAX_LENGTH:
        raise FormulaError(MAX_LENGTH + 1, f"a formula may have {MAX_LENGTH} characters at most")
    tree = _Parser(text).whole()
    require_a_row(tree)
    return tree


_Part = Callable[[], Node]


class _Parser:
    """The state of one reading: the tokens, which is next, and how much there is already."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._place = 0
        self._nodes = 0
        self._nested = 0

    def whole(self) -> Node:
        if self._next.kind == "end":
            raise FormulaError(1, "a formula is needed, such as relu(margin - s_ap + max(s_an))")
        tree = self._either()
        rest = self._take()
        if rest.kind != "end":
            raise FormulaError(rest.column, _not_the_end(rest))
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _take_if(self, *texts: str) -> Token | None:
        token = self._next
        return self._take() if token.kind == "operator" and token.text in texts else None

    def _made(self, node: Node) -> Node:
        """Count a node, refuse one too many, and numbers that are none, such as 1 / 0."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise FormulaError(node.column, f"a formula may have {MAX_NODES} parts at most")
        if node.depth > MAX_DEPTH:
            raise FormulaError(node.column, _too_deep())
        if node.kind is Kind.NUMBER and not is_finite(node):
            raise FormulaError(node.column, "this is not a finite number")
        return node

    def _call(self, token: Token, *arguments: Node) -> Node:
        return self._made(call_of(token.text, arguments, token.column))

    def _either(self) -> Node:
        left = self._both()
        while token := self._take_if("or"):
            left = self._call(token, left, self._both())
        return left

    def _both(self) -> Node:
        left = self._negation()
        while token := self._take_if("and"):
            left = self._call(token, left, self._negation())
        return left

    def _negation(self) -> Node:
        if token := self._take_if("not"):
            return self._call(token, self._nest(token, self._negation))
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        if token := self._take_if(*COMPARISONS):
            left = self._call(token, left, self._sum())
            if other := self._take_if(*COMPARISONS):
                raise FormulaError(other.column, "comparisons are joined by and: a < b and b < c")
        return left

    def _sum(self) -> Node:
        left = self._product()
        while token := self._take_if("+", "-"):
            left = self._call(token, left, self._product())
        return left

    def _product(self) -> Node:
        left = self._signed()
        while token := self._take_if("*", "/"):
            left = self._call(token, left, self._signed())
        return left

    def _signed(self) -> Node:
        if token := self._take_if("-"):
            return self._call(token, self._nest(token, self._signed))
        return self._power()

    def _power(self) -> Node:
        base = self._atom()
        if token := self._take_if("^"):
            return self._call(token, base, self._nest(token, self._signed))
        return base

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._made(Number(Kind.NUMBER, False, False, token.column, 1, token.value))
        if token.kind == "name":
            if opening := self._take_if("("):
                return self._call(token, *self._arguments(opening))
            return self._made(name_of(token.text, token.column))
        if token.text == "(":
            inside = self._nest(token, self._either)
            self._close(token)
            return inside
        raise FormulaError(token.column, _expected(token))

    def _arguments(self, opening: Token) -> list[Node]:
        if self._next.text == ")":
            raise FormulaError(self._next.column, "an argument is needed between ( and )")
        arguments = [self._nest(opening, self._either)]
        while self._take_if(","):
            arguments.append(self._nest(opening, self._either))
        self._close(opening)
        return arguments

    def _close(self, opening: Token) -> None:
        if not self._take_if(")"):
            reason = f"a ) is needed for the ( in column {opening.column}"
            raise FormulaError(self._next.column, reason)

    def _nest(self, token: Token, part: _Part) -> Node:
        """A part inside another; the depth is bounded before Python's own stack would be."""
        self._nested += 1
        if self._nested > MAX_DEPTH:
            raise FormulaError(token.column, _too_deep())
        inside = part()
        self._nested -= 1
        return inside


def _not_the_end(token: Token) -> str:
    if token.text == ")":
        return "this ) closes nothing"
    if token.text == ",":
        return "a , stands between the arguments of a function alone"
    return "an operator is needed before this, such as *"


def _too_deep() -> str:
    return f"this is nested too deeply: {MAX_DEPTH} parts inside each other are the most"


def _expected(token: Token) -> str:
    if token.kind == "end":
        return "the formula ends here, where a number, a name or ( is needed"
    return f"a number, a name or ( is needed before {token.text}"
