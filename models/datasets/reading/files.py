"""Reads a file of pairs, triplets or scored pairs, or raises one error with all that is wrong.

Why all or nothing: a row that is silently dropped shifts an in-order split, and with it every
result.
"""

from pathlib import Path

from models.datasets.pairs import Pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.delimited import read_delimited
from models.datasets.reading.formats import claimed_format
from models.datasets.reading.jsonl import read_jsonl
from models.datasets.reading.limits import NO_LIMITS, FileLimits
from models.datasets.reading.opening import opened
from models.datasets.reading.parquet import read_parquet
from models.datasets.reading.text_options import NO_OPTIONS, TextOptions
from models.datasets.reading.transcoding import as_utf8

__all__ = ["ColumnMapping", "TextOptions", "read_pairs"]


def read_pairs(
    path: Path,
    *,
    filename: str,
    columns: ColumnMapping,
    format: str | None = None,
    options: TextOptions = NO_OPTIONS,
    limits: FileLimits = NO_LIMITS,
) -> Pairs:
    """Read csv, tsv, jsonl or parquet, plain, .gz, .zst or .zip, in file order.

    `filename` is the name that the sender gave: its endings give the format unless `format`
    ("csv", "tsv.gz") does, and errors mention it; `path` is where the bytes are. `options` are for
    text, and `limits` bound what is read. Labels are 0, 1, true or false, unless the sender says
    otherwise; an empty text is allowed, a null is not.

    Raises DatasetFileError for a file that is damaged, empty, lacks a column or is of another
    format than it claims, and BadRows with the line of each row that cannot be used.
    """
    form = claimed_format(filename, format)
    with opened(path, filename, form, limits, options.encoding) as (stream, table):
        options.require_use(table, filename)
        if table == "parquet":
            return read_parquet(stream, filename, columns, limits)
        text = as_utf8(stream, filename, options.encoding)
        if table == "jsonl":
            return read_jsonl(text, filename, columns, limits)
        delimiter = options.delimiter_of(table)
        return read_delimited(text, filename, columns, delimiter, options.quoting, limits)
