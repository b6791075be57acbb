"""The rows of a file, as pairs.

Why one collector for all formats: a label means the same in CSV and Parquet, every bad row of a
file is found before the file is refused, and the refusals have the same words.
"""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, cast

from models.datasets.errors import EXAMPLES_KEPT, BadRows, DatasetFileError
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.reading.cells import shown, split_code, text_problem
from models.datasets.reading.columns import Columns
from models.datasets.reading.label_values import LEFT_OUT
from models.datasets.reading.limits import NO_LIMITS, FileLimits
from models.datasets.reading.text_chunks import TextChunks

IF_OF_THE_TEXTS = "set `quoting` to none where they belong to the texts"
PARTS = "not train, validation or test"


class RowCollector:
    """Takes rows one by one, counting the bad ones; `pairs()` returns all rows or refuses all."""

    def __init__(
        self,
        filename: str,
        columns: Columns,
        limits: FileLimits = NO_LIMITS,
        place: Literal["line", "row"] = "line",
    ) -> None:
        self.filename = filename
        self.place = place
        self.limits = limits
        self.read_under(columns)
        self.question1, self.question2 = TextChunks(), TextChunks()
        self.label, self.split = array("b"), array("b")
        self.score, self.triplet = array("f"), array("i")
        self.left_out: Counter[str] = Counter()
        self.taken = self.bad_count = self.passed_over = 0
        self.swallowed = 0
        self.examples: list[tuple[int, str]] = []

    def read_under(self, columns: Columns) -> None:
        """Take the rows that follow as these columns."""
        self.columns = columns
        self.nouns = _nouns(columns)

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
        rows = len(self.label) + self.left_out.total() + self.bad_count + self.passed_over
        self.limits.check_rows(rows, self.filename)

    def add(self, line: int, cells: Sequence[object], swallowed: int = 0) -> None:
        """Take the cells of the row at `line`, in the order of `Columns.cells`, which goes on for
        `swallowed` lines."""
        columns = self.columns
        texts = self._texts(cells)
        label, score, problem = _value(columns, cells)
        problem = _first_problem(texts, self.nouns) or problem
        if problem is None and label == LEFT_OUT:
            self.left_out[str(cells[columns.texts]).strip()] += 1
            return self._check_rows()
        part = 0 if columns.split is None else split_code(cells[-1])
        if problem is None and part is None:
            problem = f"its split is {shown(cells[-1])}, {PARTS}"
        problem = problem or self._shape_problem(texts)
        if problem is not None:
            return self.refuse(line, problem, swallowed)
        for place, second in enumerate(texts[1:]):
            self.question1.append(cast(str, texts[0]))
            self.question2.append(cast(str, second))
            self.label.append(label if place == 0 else 0)
            self.split.append(part or 0)
            self.score.append(score)
            self.triplet.append(self.taken)
        self.taken += 1
        return self._check_rows()

    def _texts(self, cells: Sequence[object]) -> Sequence[object]:
        """The texts of a row; a triplet may have fewer negatives, which are then empty cells."""
        texts = cells[: self.columns.texts]
        if len(texts) == 2:
            return texts
        return [text for place, text in enumerate(texts) if place < 2 or not _is_empty(text)]

    def _shape_problem(self, texts: Sequence[object]) -> str | None:
        if self.columns.shape == "triplets" and len(texts) < 3:
            return "it has no negative"
        if self.limits.max_text is None:
            return None
        for text, noun in zip(texts, self.nouns, strict=False):
            problem = self.limits.too_long(cast(str, text), noun)
            if problem is not None:
                return problem
        return None

    def pairs(self) -> Pairs:
        """All rows. Raises BadRows when any was bad, and DatasetFileError for no rows."""
        self.check()
        self.require_rows(len(self.label))
        shape = self.columns.shape
        pairs = make_pairs(
            self.question1.column(),
            self.question2.column(),
            self.label,
            None if self.columns.split is None else self.split,
            score=self.score if shape == "scored_pairs" else None,
            triplet=self.triplet if shape == "triplets" else None,
        )
        return self.told(pairs)

    def told(self, pairs: Pairs) -> Pairs:
        """The pairs, with how they were read."""
        reading = self.columns.reading(dict(self.left_out))
        warnings = [] if not self.left_out else [_left_out(self.left_out)]
        return replace(pairs, reading=reading, warnings=(*pairs.warnings, *warnings))

    def require_rows(self, count: int) -> None:
        """Raise DatasetFileError for no rows."""
        if count:
            return
        if self.left_out:
            raise DatasetFileError(
                f"No row of {self.filename} is left: `labels` leaves every one out.", field="labels"
            )
        raise DatasetFileError(f"{self.filename} has no rows.")

    def check(self) -> None:
        """Raise BadRows when any row was bad."""
        if self.bad_count:
            helps = _what_helps(self.columns, self.examples)
            raise BadRows(self.bad_count, self.examples, self.swallowed, self.place, helps)


def _first_problem(texts: Sequence[object], nouns: Sequence[str]) -> str | None:
    for text, noun in zip(texts, nouns, strict=False):
        problem = text_problem(text, noun)
        if problem is not None:
            return problem
    return None


def _value(columns: Columns, cells: Sequence[object]) -> tuple[int, float, str | None]:
    """Label and score of a row's first pair, and what is wrong with the cell that says so."""
    if columns.label is not None:
        value = cells[columns.texts]
        code = columns.labels.code(value)
        if code is None:
            return 0, 0.0, f"its label is {shown(value)}, not {columns.labels.wanted}"
        return code, 0.0, None
    if columns.score is not None:
        value = cells[columns.texts]
        score = score_in(value)
        if score is None:
            return 0, 0.0, f"its score is {shown(value)}, not a number"
        return int(score >= columns.duplicate_from), score, None
    return 1, 0.0, None


def score_in(value: object) -> float | None:
    """A finite number, as a number or a text; None where the cell is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) < 1e30 else None


def _is_empty(text: object) -> bool:
    return text is None or (isinstance(text, str) and not text.strip())


def _nouns(columns: Columns) -> list[str]:
    if columns.shape != "triplets":
        return ["first question", "second question"]
    return ["anchor", "positive", *(f"negative {n + 1}" for n in range(len(columns.negatives)))]


def _left_out(counts: Counter[str]) -> str:
    total = counts.total()
    rows = "1 row is" if total == 1 else f"{total:,} rows are"
    each = ", ".join(f"{count:,} {value!r}" for value, count in counts.most_common(5))
    return f"{rows} left out, as `labels` says of the label: {each}."


def _what_helps(columns: Columns, examples: Sequence[tuple[int, str]]) -> str:
    """What else may be meant where the first bad row has no label that can be read."""
    if columns.label is None or "its label is" not in examples[0][1]:
        return ""
    if columns.labels.meanings is not None:
        return " List every value in `labels`; null leaves its rows out."
    return (
        " Where labels have other values, set `labels` to what each means; where they are scores, "
        "set `score` to the name of the column."
    )
