"""What each cell of a row may contain, and how a value is shown in a sentence."""

import re
from collections.abc import Sequence

from models.datasets.errors import EXAMPLES_KEPT
from models.datasets.pairs import SPLIT_CODES

# Equal keys cover the rest: True and 1.0 find 1, False and 0.0 find 0.
LABEL_CODES: dict[object, int] = {0: 0, 1: 1, "0": 0, "1": 1, "false": 0, "true": 1}
# Programs that have no missing whole numbers write 1.0, and some 1.000000e+00.
LABEL_NUMBER = re.compile(r"\+?0*([01])(?:\.0*)?(?:e[+-]?0+)?", re.ASCII)
SHOWN = 40


def text_problem(value: object, noun: str) -> str | None:
    """Why `value` is not a text, or None; an empty one is allowed. `noun` is what to call it."""
    if type(value) is not str:
        if value is None:
            return f"its {noun} is null"
        return f"its {noun} is {shown(value)}, which is not text"
    if "\0" in value:
        return f"its {noun} contains a NUL character"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"its {noun} contains half a surrogate pair, not a character"
    return None


def label_code(value: object) -> int | None:
    """0 or 1, or None where the value is not a label."""
    try:
        code = LABEL_CODES.get(value)
    except TypeError:  # a list or an object of a JSON line
        return None
    if code is not None or not isinstance(value, str):
        return code
    word = value.strip().lower()
    number = LABEL_NUMBER.fullmatch(word)
    return int(number[1]) if number else LABEL_CODES.get(word)


def split_code(value: object) -> int | None:
    """0, 1 or 2 for train, validation or test; None for anything else."""
    return SPLIT_CODES.get(value.strip()) if isinstance(value, str) else None


def shown(value: object) -> str:
    """A value for use in a sentence: quoted and cut short."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def listed(names: Sequence[str]) -> str:
    """The first names for use in a sentence, each as `shown` has it."""
    return ", ".join(shown(name) for name in names[:EXAMPLES_KEPT]) or "none"
