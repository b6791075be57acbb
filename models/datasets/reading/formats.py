"""Which format a file claims to have, and whether its first bytes agree.

Why check: an `export.csv` that is really gzip, or Parquet, would otherwise give a page of bad rows.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, cast, get_args

import pyarrow as pa

from models.datasets.errors import DatasetFileError
from models.datasets.reading.limits import FileLimits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Table = Literal["csv", "tsv", "jsonl", "parquet"]
Compression = Literal["none", "gzip", "zstd"]

_TABLES: dict[str, Table] = {name: name for name in get_args(Table)} | {
    "ndjson": "jsonl",
    "pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {
    "gz": "gzip",
    "gzip": "gzip",
    "zst": "zstd",
    "zstd": "zstd",
}
_MAGIC: dict[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
KNOWN = "csv, tsv, jsonl (or ndjson) and parquet, each plain, .gz or .zst"


@dataclass(frozen=True)
class FileFormat:
    """A table format inside a compression."""

    table: Table
    compression: Compression


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
    if table is None:
        what = f"format {given!r}" if given is not None else f"the name {filename!r}"
        raise DatasetFileError(f"Cannot tell a format from {what}; known formats are {KNOWN}.")
    return FileFormat(table, compression)


def _endings(filename: str) -> tuple[list[str], Compression]:
    names = filename.lower().split(".")
    compression = _COMPRESSIONS.get(names[-1]) if len(names) > 1 else None
    return (names, "none") if compression is None else (names[:-1], compression)


def require_magic(head: bytes, filename: str, expected: str | None) -> None:
    """Raise DatasetFileError unless `head` begins like `expected` (None: like text)."""
    actual = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if actual != expected:
        claim = f"{expected} data" if expected else "plain text"
        begins = f"begins like {actual}" if actual else f"does not begin like {expected}"
        raise DatasetFileError(f"{filename} should be {claim} but {begins}.")


class Limited(io.RawIOBase):
    """A stream that refuses to give more bytes than allowed: a small upload can unpack to
    terabytes."""

    def __init__(self, stream: io.BufferedReader, filename: str, limits: FileLimits) -> None:
        self._stream = stream
        self._filename = filename
        self._limits = limits
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        count = self._stream.readinto1(buffer)
        self._seen += count
        self._limits.check_bytes(self._seen, self._filename)
        return count


@contextmanager
def opened(path: Path, filename: str, form: FileFormat, limits: FileLimits) -> Iterator[IO[bytes]]:
    """The decompressed bytes as a buffered stream, whose first bytes were checked.

    Raises DatasetFileError for an empty file or a mismatch, when the file unpacks to more than
    `limits` allow, and in place of what the decoders raise while the stream is read (cut short,
    wrong checksum).
    """
    inside = "Parquet" if form.table == "parquet" else None
    outside = inside if form.compression == "none" else form.compression
    with path.open("rb") as raw, damage_named(filename):
        _check_head(raw, filename, outside)
        with _decompressed(raw, form.compression) as plain:
            stream = plain
            _check_head(stream, filename, inside)
            if form.compression != "none":
                stream = io.BufferedReader(Limited(stream, filename, limits), 1 << 20)
            yield cast(IO[bytes], stream)


def _check_head(stream: io.BufferedReader, filename: str, expected: str | None) -> None:
    head = stream.peek(8)[:8]
    if not head:
        raise DatasetFileError(f"{filename} is empty.")
    require_magic(head, filename, expected)


def _decompressed(raw: io.BufferedReader, compression: Compression) -> io.BufferedReader:
    if compression == "none":
        return raw
    if compression == "gzip":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 20)
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"), 1 << 20)


@contextmanager
def damage_named(filename: str) -> Iterator[None]:
    """Turn the decoders' many errors into a sentence that names the file."""
    try:
        yield
    except pa.ArrowNotImplementedError as error:
        raise DatasetFileError(
            f"{filename} is stored in a way that cannot be read here ({_first_line(error)})."
        ) from error
    except (EOFError, UnicodeDecodeError, zlib.error, pa.ArrowException, OSError) as error:
        raise DatasetFileError(
            f"{filename} is damaged or was cut short ({_first_line(error)})."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
