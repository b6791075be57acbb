"""Which columns of a file hold the questions, and what each cell of a row may contain.

Why one collector for all formats: a label means the same in CSV and Parquet, every bad row of a
file is found before the file is refused, and the refusals have the same words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.datasets.errors import EXAMPLES_KEPT, BadRows, DatasetFileError
from models.datasets.pairs import SPLIT_CODES, Pairs, make_pairs
from models.datasets.reading.limits import NO_LIMITS, FileLimits

# Equal keys cover the rest: True and 1.0 find 1, False and 0.0 find 0.
LABEL_CODES: dict[object, int] = {0: 0, 1: 1, "0": 0, "1": 1} | {
    spelling: code
    for word, code in (("false", 0), ("true", 1))
    for spelling in (word, word.title(), word.upper())
}
SHOWN = 40


@dataclass(frozen=True)
class ColumnMapping:
    """The names of the columns in the file; ValueError when two are the same."""

    question1: str = "question1"
    question2: str = "question2"
    label: str = "is_duplicate"
    split: str | None = None

    def __post_init__(self) -> None:
        if len(set(self.names())) != len(self.names()):
            raise ValueError(f"each column can be used only once: {', '.join(self.names())}")

    def names(self) -> tuple[str, ...]:
        """The mapped columns: question1, question2, label and, where mapped, split."""
        required = (self.question1, self.question2, self.label)
        return required if self.split is None else (*required, self.split)


def require_columns(columns: ColumnMapping, header: Sequence[str], filename: str) -> None:
    """Raise DatasetFileError when a mapped column is missing or a name occurs twice."""
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DatasetFileError(f"The header of {filename} has {_listed(twice)} more than once.")
    missing = [name for name in columns.names() if name not in header]
    if missing:
        raise DatasetFileError(
            f"{filename} has no column {_listed(missing)}; its columns are {_listed(header)}."
        )


class RowCollector:
    """Takes rows one by one, counting the bad ones; `pairs()` returns all rows or refuses all."""

    def __init__(self, filename: str, has_split: bool, limits: FileLimits = NO_LIMITS) -> None:
        self.filename = filename
        self.limits = limits
        self.question1: list[str] = []
        self.question2: list[str] = []
        self.label: list[int] = []
        self.split: list[int] | None = [] if has_split else None
        self.bad_count = 0
        self.examples: list[tuple[int, str]] = []

    def refuse(self, line: int, reason: str) -> None:
        """Count the row that starts at `line` as bad."""
        self.bad_count += 1
        self.limits.check_rows(len(self.label) + self.bad_count, self.filename)
        if len(self.examples) < EXAMPLES_KEPT:
            self.examples.append((line, reason))

    def add(self, line: int, cells: Sequence[object]) -> None:
        """Take the cells question1, question2, label (and split) of the row at `line`."""
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
            return self.refuse(line, reason)
        assert isinstance(first, str)
        assert isinstance(second, str)
        assert label is not None
        reason = self.limits.too_long(first, "first") or self.limits.too_long(second, "second")
        if reason is not None:
            return self.refuse(line, reason)
        self.question1.append(first)
        self.question2.append(second)
        self.label.append(label)
        if self.split is not None:
            self.split.append(part)
        return self.limits.check_rows(len(self.label) + self.bad_count, self.filename)

    def pairs(self) -> Pairs:
        """All rows. Raises BadRows when any was bad, and DatasetFileError for no rows."""
        self.check()
        if not self.label:
            raise DatasetFileError(f"{self.filename} has no rows.")
        return make_pairs(self.question1, self.question2, self.label, self.split)

    def check(self) -> None:
        """Raise BadRows when any row was bad."""
        if self.bad_count:
            raise BadRows(self.bad_count, self.examples)


def text_problem(value: object, which: str) -> str | None:
    """Why `value` is not a question, or None; an empty text is allowed."""
    if type(value) is not str:
        if value is None:
            return f"its {which} question is null"
        return f"its {which} question is {shown(value)}, which is not text"
    if "\0" in value:
        return f"its {which} question contains a NUL character"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"its {which} question contains half a surrogate pair, not a character"
    return None


def label_code(value: object) -> int | None:
    """0 or 1, or None where the value is not a label."""
    try:
        return LABEL_CODES.get(value)
    except TypeError:  # a list or an object of a JSON line
        return None


def split_code(value: object) -> int | None:
    """0, 1 or 2 for train, validation or test; None for anything else."""
    return SPLIT_CODES.get(value) if isinstance(value, str) else None


def shown(value: object) -> str:
    """A value for use in a sentence: quoted and cut short."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(shown(name) for name in names[:EXAMPLES_KEPT]) or "none"
