"""JSON Lines: one object a line.

A column that is missing from the first object refuses the file, since the mapping must be wrong;
one that is missing from a later object refuses that row, since the data must be wrong.
"""

import json
from collections.abc import Sequence
from typing import IO

from models.datasets.pairs import Pairs
from models.datasets.reading.cells import shown
from models.datasets.reading.columns import ColumnMapping, Columns, find_columns
from models.datasets.reading.delimited import DecodedLines
from models.datasets.reading.limits import NO_LIMITS, FileLimits
from models.datasets.reading.recognising import TEXTS, recognised
from models.datasets.reading.rows import RowCollector

ONE_A_LINE = "JSON Lines has one object a line, and neither lists nor line ends around them"


def read_jsonl(
    stream: IO[bytes], filename: str, said: ColumnMapping, limits: FileLimits = NO_LIMITS
) -> Pairs:
    """Read one row a line, skipping blank lines.

    Raises DatasetFileError and BadRows as `read_pairs` says.
    """
    lines = DecodedLines(stream, limits)
    # lines before the first object are refused whatever its columns are
    rows = RowCollector(filename, Columns("labelled_pairs", *TEXTS), limits)
    keys: list[str] | None = None  # of the columns that are read, as the first object has them
    for line, text in enumerate(lines, start=1):
        fault = lines.take_fault(line)
        if fault is not None:
            rows.refuse(line, fault)
            continue
        if text.isspace():
            continue
        value = _parsed(text)
        if not isinstance(value, dict):
            rows.refuse(line, value if isinstance(value, str) else _not_an_object(value))
            continue
        if keys is None:
            header = list(value)
            rows.read_under(recognised(said, header, filename))
            keys = [header[place] for place in find_columns(rows.columns, header, filename)]
        try:
            cells = _cells(value, keys, rows.columns)
        except KeyError as missing:
            rows.refuse(line, f"it has no {missing.args[0]!r}")
            continue
        rows.add(line, cells)
    return rows.pairs()


def _cells(value: dict[str, object], keys: Sequence[str], columns: Columns) -> list[object]:
    """The cells that are read; KeyError with the name of a column that this object lacks."""
    try:
        return [value[key] for key in keys]
    except KeyError:
        trimmed = {key.strip(): cell for key, cell in value.items()}
        return [trimmed[name] for name in columns.names()]


def _parsed(text: str) -> object:
    """The value of a line; a `str` is the reason why it has none, or why it is not an object."""
    try:
        value: object = json.loads(text)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        return f"it is not JSON ({error}); {ONE_A_LINE}"
    return _not_an_object(value) if isinstance(value, str) else value


def _not_an_object(value: object) -> str:
    return f"it is {shown(value)}, not a JSON object; {ONE_A_LINE}"
