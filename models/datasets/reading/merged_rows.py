"""Rows of CSV and TSV that a stray quotation mark may have made out of several.

Where a text begins with a quotation mark and a text of a later line ends with one, both are read as
one quoted text over these lines, and the rows of all lines but one are gone without an error. A
quoted text may hold line ends and delimiters as well, so the file alone cannot tell. It can where
the first and the last line would each be a row, with a label, if the mark were a part of the text:
such a row is refused. In TSV any row that spans lines and holds a tab is, since texts hardly ever
hold one. The rest are counted in a warning.
"""

import re
from collections.abc import Callable, Sequence

LINE_END = re.compile(r"\r\n|\r|\n")
CHOICES = (
    "set `quoting` to none where quotation marks belong to the texts, or to double where they "
    "enclose them"
)


class MergedRows:
    """Judges the rows that may span lines, and counts those that may be several."""

    def __init__(
        self, delimiter: str, widths: range, has_value: Callable[[Sequence[str]], bool]
    ) -> None:
        """`widths`: how many fields a row may have; `has_value`: whether the fields of a row hold a
        label or score, where rows have one."""
        self._delimiter = delimiter
        self._widths = widths
        self._has_value = has_value
        self._doubtful = 0
        self._first = 0

    def problem(self, line: int, fields: Sequence[str]) -> str | None:
        """Why the row that begins at `line` cannot be taken, or None."""
        places = [
            place
            for place, text in enumerate(fields)
            if self._delimiter in text and LINE_END.search(text)
        ]
        if not places:
            return None
        if self._delimiter == "\t" or any(self._looks_like_two(fields, place) for place in places):
            return f"it may be several rows; {CHOICES}"
        self._doubtful += 1
        self._first = self._first or line
        return None

    def warnings(self) -> list[str]:
        """A sentence on the rows that were taken and may be several."""
        if not self._doubtful:
            return []
        one = self._doubtful == 1
        spans, have = ("1 row spans", "has") if one else (f"{self._doubtful:,} rows span", "have")
        return [
            f"{spans} lines and {have} {self._delimiter!r} between quotation marks, the first at "
            f"line {self._first}. If that is not one text, upload the file again and {CHOICES}."
        ]

    def _looks_like_two(self, fields: Sequence[str], place: int) -> bool:
        lines = LINE_END.split(fields[place])
        first = [*fields[:place], *lines[0].split(self._delimiter)]
        last = [*lines[-1].split(self._delimiter), *fields[place + 1 :]]
        return all(len(row) in self._widths and self._has_value(row) for row in (first, last))
