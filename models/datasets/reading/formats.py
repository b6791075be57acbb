"""Which format a file claims to have, and whether its first bytes agree.

Why check: an `export.csv` that is really gzip, or Parquet, would otherwise give a page of bad rows.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from models.datasets.errors import DatasetFileError

Table = Literal["csv", "tsv", "jsonl", "parquet"]
Compression = Literal["none", "gzip", "zstd", "zip"]

_TABLES: dict[str, Table] = {name: name for name in get_args(Table)} | {
    "ndjson": "jsonl",
    "pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {
    "gz": "gzip",
    "gzip": "gzip",
    "zst": "zstd",
    "zstd": "zstd",
    "zip": "zip",
}
_UTF_16 = "UTF-16 text"
_MAGIC: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # of an archive without files
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
}
_SUFFIXES = {"gzip": "gz", "zstd": "zst", "zip": "zip"}
_SHEETS = {"xlsx", "xls", "xlsm", "ods", "numbers"}
SET_FORMAT = "set `format`"
KNOWN = "csv, tsv, jsonl (or ndjson) and parquet, each plain, .gz, .zst or .zip"


@dataclass(frozen=True)
class FileFormat:
    """A table format inside a compression."""

    table: Table | None
    """None for a zip archive of which neither the name nor the sender says what is inside."""
    compression: Compression
    table_was_given: bool = False
    """Whether the sender gave the table format apart from the name."""


def claimed_format(filename: str, given: str | None) -> FileFormat:
    """The format of `given` ("csv", "csv.gz") or, without it, of the file name's endings.

    A given format without a compression takes the file name's. Raises DatasetFileError when
    neither names a known format.
    """
    names, compression = _endings(filename)
    if given is not None:
        names, explicit = _endings(f".{given}")
        compression = explicit if explicit != "none" else compression
    table = _TABLES.get(names[-1]) if len(names) > 1 else None
    says_no_table = given is None or len(names) == 1
    if table is None and not (compression == "zip" and says_no_table):
        if given is not None:
            why = f"{given!r} is not a format that can be read; known formats are {KNOWN}."
            raise DatasetFileError(why, field="format")
        helps = "save the sheet as csv" if names[-1] in _SHEETS else SET_FORMAT
        raise unknown_format(f"the name {filename!r}", helps)
    return FileFormat(table, compression, table is not None and given is not None)


def unknown_format(what: str, helps: str = SET_FORMAT) -> DatasetFileError:
    """The error for a name that says no format; `helps` is what to do."""
    return DatasetFileError(
        f"Cannot tell a format from {what}: {helps}; known formats are {KNOWN}.", field="format"
    )


def _endings(filename: str) -> tuple[list[str], Compression]:
    names = filename.lower().split(".")
    compression = _COMPRESSIONS.get(names[-1]) if len(names) > 1 else None
    return (names, "none") if compression is None else (names[:-1], compression)


def require_outside(head: bytes, filename: str, form: FileFormat) -> None:
    """Raise DatasetFileError unless the first bytes of the file are those of its compression."""
    actual = _begins_like(head)
    if actual == form.compression:
        return
    if actual is None:
        helps = "rename it without its last ending"
    elif actual in _SUFFIXES:
        helps = f"set `format` to {form.table or 'csv'}.{_SUFFIXES[actual]}"
    else:
        helps = "rename it with the ending that fits"
    raise _mismatch(filename, form.compression, actual, helps)


def require_inside(head: bytes, filename: str, form: FileFormat, encoding: str | None) -> None:
    """Raise DatasetFileError unless the first bytes of the table are those of its format.

    `encoding` is what the sender says of text.
    """
    expected = "Parquet" if form.table == "parquet" else None
    actual = _begins_like(head)
    if encoding is not None and encoding.startswith(("utf-16", "utf-32")) and actual == _UTF_16:
        actual = None
    if actual == expected:
        return
    if actual is None:
        helps = "set `format` to csv, tsv or jsonl"
    elif actual == "Parquet":
        helps = "set `format` to parquet"
    elif actual == _UTF_16:
        helps = "set `encoding` to utf-16"
    elif actual in _SUFFIXES and form.compression == "none":
        helps = f"set `format` to {form.table}.{_SUFFIXES[actual]}"
    else:
        helps = "unpack it first"
    raise _mismatch(filename, expected, actual, helps)


def _begins_like(head: bytes) -> str | None:
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def _mismatch(
    filename: str, expected: str | None, actual: str | None, helps: str
) -> DatasetFileError:
    claim = f"{expected} data" if expected else "plain text"
    begins = f"begins like {actual}" if actual else f"does not begin like {expected}"
    return DatasetFileError(f"{filename} should be {claim} but {begins}; {helps}.")
