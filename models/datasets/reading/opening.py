"""Opens a file as the bytes of its table: unpacked, checked and bounded."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa

from models.datasets.errors import DatasetFileError
from models.datasets.reading.archives import only_file
from models.datasets.reading.formats import (
    FileFormat,
    Table,
    claimed_format,
    require_inside,
    require_outside,
    unknown_format,
)
from models.datasets.reading.limits import FileLimits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 1 << 20


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
def opened(
    path: Path, filename: str, form: FileFormat, limits: FileLimits, encoding: str | None = None
) -> Iterator[tuple[IO[bytes], Table]]:
    """The unpacked bytes as a buffered stream, whose first bytes were checked, and their format.

    `encoding` is what the sender says of text. Raises DatasetFileError for an empty file or a
    mismatch, when the file unpacks to more than `limits` allow, and in place of what the decoders
    raise while the stream is read (cut short, wrong checksum).
    """
    with path.open("rb") as raw, damage_named(filename):
        head = _head(raw, filename)
        if form.compression != "none":
            require_outside(head, filename, form)
        with _unpacked(raw, filename, form) as (stream, inside):
            require_inside(_head(stream, filename), filename, inside, encoding)
            if form.compression != "none":
                stream = io.BufferedReader(Limited(stream, filename, limits), BUFFER)
            yield cast(IO[bytes], stream), _table(inside, filename)


def _head(stream: io.BufferedReader, filename: str) -> bytes:
    head = stream.peek(8)[:8]
    if not head:
        raise DatasetFileError(f"{filename} is empty.")
    return head


@contextmanager
def _unpacked(
    raw: io.BufferedReader, filename: str, form: FileFormat
) -> Iterator[tuple[io.BufferedReader, FileFormat]]:
    """The bytes of the table, and the format with what the name inside a zip archive says."""
    match form.compression:
        case "none":
            yield raw, form
        case "gzip":
            yield io.BufferedReader(gzip.GzipFile(fileobj=raw), BUFFER), form
        case "zstd":
            packed = pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd")
            yield io.BufferedReader(packed, BUFFER), form
        case "zip":
            with only_file(raw, filename) as (name, stream):
                yield stream, _with_name_inside(form, name, filename)


def _with_name_inside(form: FileFormat, name: str, filename: str) -> FileFormat:
    if form.table_was_given:
        return form
    try:
        inside = claimed_format(name, None)
    except DatasetFileError:
        if form.table is None:
            raise unknown_format(f"the name {name!r} in {filename}") from None
        return form
    if inside.compression != "none":
        raise DatasetFileError(
            f"{filename} holds {name!r}, which is packed again; unpack it first."
        )
    return replace(form, table=inside.table)


def _table(form: FileFormat, filename: str) -> Table:
    if form.table is None:
        raise unknown_format(f"the name {filename!r}")
    return form.table


@contextmanager
def damage_named(filename: str) -> Iterator[None]:
    """Turn the decoders' many errors into a sentence that names the file."""
    try:
        yield
    except pa.ArrowNotImplementedError as error:
        raise DatasetFileError(
            f"{filename} is stored in a way that cannot be read here ({_first_line(error)})."
        ) from error
    except (
        EOFError,
        UnicodeDecodeError,
        zlib.error,
        zipfile.BadZipFile,
        pa.ArrowException,
        OSError,
    ) as error:
        raise DatasetFileError(
            f"{filename} is damaged or was cut short ({_first_line(error)})."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
