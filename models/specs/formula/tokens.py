"""From the text of a formula to its tokens, each with its column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from models.specs.formula.errors import FormulaError
from models.specs.formula.language import LARGEST, LOGIC

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|&&|\|\||<=|>=|==|!=|<>|[-+*/^<>=(),!&|])"
)
_MEANT = {
    "**": "a power is written ^",
    "&&": "write and",
    "&": "write and",
    "||": "write or",
    "|": "write or, or abs(x) for an absolute value",
    "!": "write not",
    "<>": "write !=",
    "=": "a comparison is written ==; a formula sets no names",
}


@dataclass(frozen=True)
class Token:
    """`text` is "" at the end of the formula; a number has its value."""

    kind: Literal["number", "name", "operator", "end"]
    text: str
    column: int
    value: float = 0.0


def tokens(text: str) -> Iterator[Token]:
    """The tokens in order, and one of the kind `end`. Raises `FormulaError`."""
    place = 0
    while True:
        while text[place : place + 1] == " ":
            place += 1
        column = place + 1
        if place == len(text):
            yield Token("end", "", column)
            return
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormulaError(column, _not_a_part(text[place]))
        place = found.end()
        yield _token(found, column)


def _token(found: re.Match[str], column: int) -> Token:
    written = found[0]
    if found["number"] is not None:
        value = float(written)
        if not value <= LARGEST:
            raise FormulaError(column, f"a number may be {LARGEST:g} at most")
        return Token("number", written, column, value)
    if found["name"] is not None:
        return Token("operator" if written in LOGIC else "name", written, column)
    if written in _MEANT:
        raise FormulaError(column, f"{written} is not part of the language: {_MEANT[written]}")
    return Token("operator", written, column)


def _not_a_part(character: str) -> str:
    if character in "\t\n\r":
        return "a formula is one line, with spaces between its parts"
    if character in "[]{}":
        return f"{character} is not part of the language: parts are grouped with ( and )"
    shown = character if character.isascii() and character.isprintable() else _number_of(character)
    return f"{shown} is not part of the language"


def _number_of(character: str) -> str:
    return f"the character U+{ord(character):04X}"
