"""Opens a Parquet file and gives its batches, also where Arrow stumbles over the file's own notes.

Beside the Parquet schema, writers note the Arrow schema that the table had in memory. Arrow reads a
file by that note, and refuses the whole file for one column of a type that it does not know, be it
needed or not (the 128-bit integers of polars). Without the note the columns have plain types.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from models.datasets.reading.arrow_columns import is_text

MAGIC = b"PAR1"
NOTE = b"ARROW:schema"
OTHER_NOTE = b"ARROW:unread"  # as long as the other, so that all else stays in its place


class ParquetTable:
    """The schema and the batches of a Parquet file; raises Arrow's errors for a damaged one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._source = stream if _seekable(stream) else pa.BufferReader(stream.read())
        try:
            file = pq.ParquetFile(self._source)
        except pa.ArrowNotImplementedError:
            file = pq.ParquetFile(self._source, metadata=_metadata_without_note(self._source))
        self.schema: pa.Schema = file.schema_arrow
        self.metadata: pq.FileMetaData = file.metadata

    def batches(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        """Batches of at most so many rows, in which texts are dictionaries where the file has them.

        The indices of these dictionaries have 32 bits, whatever type the file notes: what it notes
        need not count the values of all row groups.
        """
        encodings = self._encodings()
        folded = [
            name
            for name in names
            if is_text(self.schema.field(name).type) and _can_stay_folded(encodings[name])
        ]
        file = pq.ParquetFile(self._source, metadata=self.metadata, read_dictionary=folded)
        return iter(file.iter_batches(rows, columns=list(names)))

    def _encodings(self) -> dict[str, set[str]]:
        """The encodings that the column chunks of each path use."""
        found: dict[str, set[str]] = defaultdict(set)
        for group in map(self.metadata.row_group, range(self.metadata.num_row_groups)):
            for chunk in map(group.column, range(group.num_columns)):
                found[chunk.path_in_schema].update(chunk.encodings)
        return found


def _can_stay_folded(encodings: set[str]) -> bool:
    # Arrow cannot make a dictionary of texts whose lengths are stored as differences.
    has_dictionary = any(encoding.endswith("DICTIONARY") for encoding in encodings)
    return has_dictionary and not any(encoding.startswith("DELTA") for encoding in encodings)


def _seekable(stream: IO[bytes]) -> bool:
    # A decompressing stream can seek as well, but backwards it starts again from the beginning.
    return isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)


def _metadata_without_note(source: IO[bytes]) -> pq.FileMetaData:
    source.seek(-8, io.SEEK_END)
    end = source.read(8)
    length = int.from_bytes(end[:4], "little")
    source.seek(-8 - length, io.SEEK_END)
    footer = source.read(length).replace(NOTE, OTHER_NOTE)
    return pq.read_metadata(pa.BufferReader(MAGIC + footer + end))
