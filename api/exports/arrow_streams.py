"""Arrow batches as a CSV or Parquet file in pieces; the file is never in memory as a whole.

In CSV, a text that a spreadsheet would read as a formula gets an apostrophe before it (see OWASP,
"CSV Injection"), since names and reasons are written by others. Numbers are left as they are.
"""

import io
from collections.abc import Iterator
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

FORMULA = r"^[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
"""What formulas begin with, including the full-width signs."""


class FileFormat(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8; header=present",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


def pieces(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], form: FileFormat
) -> Iterator[bytes]:
    """Yield the bytes of the file, a piece for each batch."""
    pipe = _Pipe()
    if form is FileFormat.CSV:
        writer = csv.CSVWriter(pipe, schema)
        batches = map(without_formulas, batches)
    else:
        writer = parquet.ParquetWriter(pipe, schema)
    with writer:
        for batch in batches:
            writer.write_batch(batch)
            yield pipe.taken()
    yield pipe.taken()


def without_formulas(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with texts that no spreadsheet evaluates."""
    arrays = [
        _harmless(column) if pa.types.is_string(column.type) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)


def _harmless(texts: pa.Array) -> pa.Array:
    quoted = pc.binary_join_element_wise("'", texts, "")
    return pc.if_else(pc.match_substring_regex(texts, FORMULA), quoted, texts)


class _Pipe(io.RawIOBase):
    """A file to write to, whose content is taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._length

    def taken(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece
