"""Which columns of a file hold the questions, and the rows that are read from them.

Why one collector for all formats: a label means the same in CSV and Parquet, every bad row of a
file is found before the file is refused, and the refusals have the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.datasets.errors import EXAMPLES_KEPT, BadRows, DatasetFileError
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.reading.cells import label_code, listed, shown, split_code, text_problem
from models.datasets.reading.limits import NO_LIMITS, FileLimits
from models.datasets.reading.missing_columns import why_missing

IF_OF_THE_TEXTS = "set `quoting` to none where they belong to the texts"


@dataclass(frozen=True)
class ColumnMapping:
    """The names of the columns in the file; ValueError when two are the same or one is blank."""

    question1: str = "question1"
    question2: str = "question2"
    label: str = "is_duplicate"
    split: str | None = None

    def __post_init__(self) -> None:
        if len(set(self.names())) != len(self.names()):
            raise ValueError(f"each column can be used only once: {', '.join(self.names())}")
        if not all(self.names()):
            raise ValueError("the name of a column cannot be blank")

    def names(self) -> tuple[str, ...]:
        """The mapped columns: question1, question2, label and, where mapped, split.

        Without the spaces around them, which are not told apart in a file either.
        """
        required = (self.question1, self.question2, self.label)
        names = required if self.split is None else (*required, self.split)
        return tuple(name.strip() for name in names)


def find_columns(
    columns: ColumnMapping, header: Sequence[str], filename: str, delimiter: str | None = None
) -> list[int]:
    """The place of each mapped column in the header, in the order of `columns.names()`.

    Spaces around a name in the header do not count, unless another column has the name without
    them. Raises DatasetFileError when a mapped column is missing or is there twice; of the other
    columns any number may have one name, or none. `delimiter` is that of a text file.
    """
    places = [_places(name, header) for name in columns.names()]
    if not all(places):
        raise DatasetFileError(why_missing(columns.names(), header, filename, delimiter))
    twice = [name for name, found in zip(columns.names(), places, strict=True) if len(found) > 1]
    if twice:
        raise DatasetFileError(f"The header of {filename} has {listed(twice)} more than once.")
    return [found[0] for found in places]


def _places(name: str, header: Sequence[str]) -> list[int]:
    exact = [place for place, found in enumerate(header) if found == name]
    return exact or [place for place, found in enumerate(header) if found.strip() == name]


class RowCollector:
    """Takes rows one by one, counting the bad ones; `pairs()` returns all rows or refuses all."""

    def __init__(
        self,
        filename: str,
        has_split: bool,
        limits: FileLimits = NO_LIMITS,
        place: Literal["line", "row"] = "line",
    ) -> None:
        self.filename = filename
        self.place = place
        self.limits = limits
        self.question1: list[str] = []
        self.question2: list[str] = []
        self.label: list[int] = []
        self.split: list[int] | None = [] if has_split else None
        self.bad_count = self.passed_over = 0
        self.swallowed = 0
        self.examples: list[tuple[int, str]] = []

    def refuse(self, line: int, reason: str, swallowed: int = 0) -> None:
        """Count the row that starts at `line` as bad, and further lines that were read into it."""
        self.bad_count += 1
        self.swallowed += swallowed
        if swallowed:
            helps = "" if "`quoting`" in reason else f"; {IF_OF_THE_TEXTS}"
            reason += f" (its quotation marks join lines {line} to {line + swallowed}{helps})"
        self._check_rows()
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append((line, reason))

    def pass_over(self) -> None:
        """Count a row of empty cells, which is no pair but takes as long to read."""
        self.passed_over += 1
        self._check_rows()

    def _check_rows(self) -> None:
        rows = len(self.label) + self.bad_count + self.passed_over
        self.limits.check_rows(rows, self.filename)

    def add(self, line: int, cells: Sequence[object], swallowed: int = 0) -> None:
        """Take the cells question1, question2, label (and split) of the row at `line`, which goes
        on for `swallowed` lines."""
        first, second, label = cells[0], cells[1], label_code(cells[2])
        reason = text_problem(first, "first") or text_problem(second, "second")
        if reason is None and label is None:
            reason = f"its label is {shown(cells[2])}, not 0, 1, true or false"
        part = 0
        if reason is None and self.split is not None:
            code = split_code(cells[3])
            if code is None:
                reason = f"its split is {shown(cells[3])}, not train, validation or test"
            part = code or 0
        if reason is not None:
            return self.refuse(line, reason, swallowed)
        assert isinstance(first, str)
        assert isinstance(second, str)
        assert label is not None
        reason = self.limits.too_long(first, "first") or self.limits.too_long(second, "second")
        if reason is not None:
            return self.refuse(line, reason, swallowed)
        self.question1.append(first)
        self.question2.append(second)
        self.label.append(label)
        if self.split is not None:
            self.split.append(part)
        return self._check_rows()

    def pairs(self) -> Pairs:
        """All rows. Raises BadRows when any was bad, and DatasetFileError for no rows."""
        self.check()
        if not self.label:
            raise DatasetFileError(f"{self.filename} has no rows.")
        return make_pairs(self.question1, self.question2, self.label, self.split)

    def check(self) -> None:
        """Raise BadRows when any row was bad."""
        if self.bad_count:
            raise BadRows(self.bad_count, self.examples, self.swallowed, self.place)
