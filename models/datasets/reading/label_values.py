"""`labels`: what each value of a label column means, where it is not 0 and 1.

Why the sender says so: 1 is a duplicate in one file and "neutral" in the next. A value that means
null leaves its row out, and is counted; one that is not listed refuses the file.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from models.datasets.reading.cells import label_code

LEFT_OUT = -2
"""The code of a label whose row is left out; -1 is that of a value which is no label."""
MAX_VALUES = 100
EXAMPLE = '{"entailment": 1, "contradiction": 0, "neutral": null}'


@dataclass(frozen=True)
class LabelValues:
    """What each value means: 1 duplicates, 0 others, None neither; values as `spelling` has them.

    `meanings` None: 0, 1, true and false mean what they say.
    """

    meanings: Mapping[str, int | None] | None = None

    def code(self, value: object) -> int | None:
        """0, 1 or LEFT_OUT; None where the value is not a label."""
        if self.meanings is None:
            return label_code(value)
        spelled = spelling(value)
        if spelled is None or spelled not in self.meanings:
            return None
        meaning = self.meanings[spelled]
        return LEFT_OUT if meaning is None else meaning

    @property
    def wanted(self) -> str:
        """What a label can be, for use in a sentence."""
        if self.meanings is None:
            return "0, 1, true or false"
        return "a value that `labels` lists"


def spelling(value: object) -> str | None:
    """A cell as a key of `labels` spells it: without spaces around it, 2.0 as 2, true as true.

    None where it is neither a text, a number, true nor false.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return None


def label_values_in(text: str) -> LabelValues:
    """The values that a form field lists; ValueError with a sentence where it lists none."""
    try:
        listed = json.loads(text, object_pairs_hook=_without_doubles)
    except RecursionError:
        listed = None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise ValueError(f"is not JSON ({error}); write it like {EXAMPLE}") from None
        raise
    if not isinstance(listed, dict) or not 0 < len(listed) <= MAX_VALUES:
        raise ValueError(
            f"is an object of 1 to {MAX_VALUES} values of the label column, like {EXAMPLE}"
        )
    meanings: dict[str, int | None] = {}
    for value, meaning in listed.items():
        if meaning is not None and (type(meaning) is not int or meaning not in (0, 1)):
            raise ValueError(
                f"the value {value[:40]!r} may mean 1 (duplicates), 0 (others) or null (left out)"
            )
        meanings[value.strip()] = meaning
    if 1 not in meanings.values():
        raise ValueError("no value means 1, so there would be no duplicates to train on")
    return LabelValues(meanings)


def _without_doubles(items: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key.strip() for key, _ in items]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the value {key[:40]!r} is listed twice")
    return dict(items)
