"""CSV and TSV, with the physical line on which each row begins.

Why the csv module and not Arrow's reader: Arrow stops at the first bad row and counts blocks, not
lines; a person who must correct a file needs the line of every bad row. Quoting is strict, because
a stray quote would otherwise swallow rows silently.
"""

import csv
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import IO, Literal

from models.datasets.errors import DatasetFileError
from models.datasets.pairs import Pairs
from models.datasets.reading.cells import shown
from models.datasets.reading.columns import ColumnMapping, Columns, find_columns
from models.datasets.reading.limits import MAX_BLANK_LINES, MAX_ROW_BYTES, NO_LIMITS, FileLimits
from models.datasets.reading.merged_rows import CHOICES, MergedRows
from models.datasets.reading.missing_columns import if_separated_by
from models.datasets.reading.recognising import recognised
from models.datasets.reading.rows import RowCollector, score_in
from models.datasets.reading.text_options import DELIMITER_WORDS, Quoting

BYTE_ORDER_MARK = "\ufeff"


class DecodedLines:
    """Iterates over decoded lines, and keeps what is wrong with their bytes until `take_fault`."""

    def __init__(self, stream: IO[bytes], limits: FileLimits = NO_LIMITS) -> None:
        self._stream, self._limits = stream, limits
        self._fault: tuple[int, str] | None = None
        self.first = ""
        """The first line that is not blank, as text."""
        self.has_bare_returns = False
        """Whether a carriage return was seen inside a line, which other programs end lines with."""
        self._row_bytes = 0  # since the last `take_fault`: those of the current row

    def __iter__(self) -> Iterator[str]:
        number, blank, begun = 0, 0, time.monotonic()
        while line := self._stream.readline(MAX_ROW_BYTES + 1):
            number += 1
            self._row_bytes += len(line)
            if self._row_bytes > MAX_ROW_BYTES:
                raise DatasetFileError(
                    f"The row that continues at line {number} is longer than {MAX_ROW_BYTES:,} "
                    "bytes; is a line end or a closing quote missing?"
                )
            if b"\r" in line[:-2]:
                self.has_bare_returns = True
            self._limits.check_seconds(begun)
            blank = blank + 1 if line.isspace() else 0
            if blank > MAX_BLANK_LINES:
                raise DatasetFileError(
                    f"More than {MAX_BLANK_LINES:,} blank lines follow one another, up to line "
                    f"{number}; leave them out."
                )
            if b"\0" in line:
                why = "contains a NUL byte; if it is UTF-16, set `encoding` to utf-16-le"
                self._fault = number, why
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                self._fault = (
                    number,
                    f"is not UTF-8 (byte 0x{line[error.start]:02x} at position {error.start + 1}); "
                    "if it is in another encoding, such as windows-1252, set `encoding` to that",
                )
                text = line.decode(errors="replace")
            self.first = self.first or text.strip()
            yield text.removeprefix(BYTE_ORDER_MARK) if number == 1 else text

    def take_fault(self, line: int) -> str | None:
        """What was wrong with the lines read since the last call, of a row that begins at `line`;
        None where nothing was."""
        fault, self._fault, self._row_bytes = self._fault, None, 0
        if fault is None:
            return None
        return f"{'it' if fault[0] == line else f'line {fault[0]}'} {fault[1]}"


def read_delimited(
    stream: IO[bytes],
    filename: str,
    said: ColumnMapping,
    delimiter: str,
    quoting: Quoting | None = None,
    limits: FileLimits = NO_LIMITS,
) -> Pairs:
    """Read rows under a header line; quotes are doubled inside quoted fields, also in TSV.

    With `quoting` "none" a quotation mark is a part of its text, and each line is a row; with
    "double" a row is taken that could also be several. Blank lines are skipped, and so are rows of
    empty cells, which spreadsheets leave behind. Raises DatasetFileError and BadRows as
    `read_pairs` says.
    """
    lines = DecodedLines(stream, limits)
    marks: Literal[0, 3] = csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL
    reader = csv.reader(iter(lines), delimiter=delimiter, quoting=marks, strict=True)
    header = _header(reader, lines, filename, delimiter)
    columns = recognised(said, header, filename)
    wanted = find_columns(columns, header, filename, delimiter)
    widths = _widths(header)
    rows = RowCollector(filename, columns, limits)
    value_place = wanted[columns.texts] if columns.label or columns.score else None
    merged = MergedRows(delimiter, widths, lambda row: _has_value(columns, row, value_place))
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            pairs = rows.pairs()
            return replace(pairs, warnings=(*merged.warnings(), *pairs.warnings))
        except csv.Error as error:
            # The reader continues with the next line, so the bad rows after it are found too.
            reason = lines.take_fault(line) or _explained(error)
            rows.refuse(line, reason, reader.line_num - line)
            continue
        swallowed = reader.line_num - line
        problem = lines.take_fault(line)
        if problem is None and not any(fields):
            rows.pass_over()
            continue
        problem = problem or _misfit(fields, widths)
        may_span = quoting is None and (swallowed or lines.has_bare_returns)
        if problem is None and may_span:
            problem = merged.problem(line, fields)
        if problem is None:
            rows.add(line, [fields[index] for index in wanted], swallowed)
        else:
            rows.refuse(line, problem, swallowed)


def _has_value(columns: Columns, fields: Sequence[str], place: int | None) -> bool:
    """Whether the fields hold a label or a score; true where rows have none."""
    if place is None:
        return True
    if columns.label is not None:
        return columns.labels.code(fields[place]) is not None
    return score_in(fields[place]) is not None


def _header(
    reader: Iterator[list[str]], lines: DecodedLines, filename: str, delimiter: str
) -> list[str]:
    try:
        header = next((fields for fields in reader if fields), None)
    except csv.Error as error:
        other = _delimiter_after_marks(lines.first, delimiter)
        if other is not None:
            helps = f"it is not of fields between {delimiter!r}. {if_separated_by(other)}"
            raise DatasetFileError(f"The header of {filename}: {helps}") from error
        raise DatasetFileError(f"The header of {filename}: {_explained(error)}.") from error
    fault = lines.take_fault(1)
    if fault is not None:
        raise DatasetFileError(f"The header of {filename} cannot be read: {fault}.")
    if header is None:
        raise DatasetFileError(f"{filename} is empty: it has no header line.")
    if any("\n" in name and delimiter in name for name in header):
        raise DatasetFileError(f"The header of {filename} may hold rows; {CHOICES}.")
    return header


def _delimiter_after_marks(line: str, delimiter: str) -> str | None:
    """The delimiter that stands where a quotation mark ends the first name, if it is another."""
    found = re.match(r'\ufeff?"(?:[^"]|"")*"(.)', line)
    other = found[1] if found else None
    return other if other in DELIMITER_WORDS.values() and other != delimiter else None


def _widths(header: list[str]) -> range:
    """How many fields a row may have: spreadsheets end a line in columns without a name, which
    they leave out of some rows."""
    named = max(place for place, name in enumerate(header, start=1) if name.strip())
    return range(named, len(header) + 1)


def _misfit(fields: list[str], widths: range) -> str | None:
    """Why a row does not fit under the header, or None."""
    if len(fields) == widths[0]:
        return None
    if len(fields) not in widths:
        return f"it has {len(fields)} fields, but the header has {widths[-1]}"
    beyond = next((cell for cell in fields[widths[0] :] if cell.strip()), None)
    if beyond is None:
        return None
    return f"it has {shown(beyond)} in a column without a name; is a text unquoted?"


def _explained(error: csv.Error) -> str:
    reason = str(error)
    if "field limit" in reason:
        limit = csv.field_size_limit()
        return f"a field is longer than {limit:,} characters; is a closing quote missing?"
    if "unexpected end of data" in reason:
        return f"a quote is opened and never closed; {CHOICES}"
    if "new-line character" in reason:
        return "it contains a carriage return outside quotes; end lines with LF or CR LF"
    return f"its quoting is broken ({reason}); {CHOICES}"
