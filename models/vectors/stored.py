"""Token vectors as they are kept: one safetensors file, of which a run reads only its own rows.

It has `vectors` (tokens, dimension) in float32, in the order of the file that was sent, and
`tokens` (bytes): the tokens in UTF-8, joined by line feeds. An upload may have the same tensors.
"""

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.files.safetensors_header import HeaderFault, read_header, write_header
from models.vectors.sink import BLOCK, Float32

FILE = "vectors.safetensors"
VECTORS, TOKENS = "vectors", "tokens"
FEED = ord("\n")

Int64 = npt.NDArray[np.int64]


def token_array(tokens: bytes | memoryview) -> pa.LargeBinaryArray:
    """The tokens that line feeds join, as Arrow has them."""
    joined = np.frombuffer(tokens, dtype=np.uint8)
    ends = np.append(np.flatnonzero(joined == FEED), len(joined))
    offsets = np.append(np.int64(0), ends - np.arange(len(ends)))
    texts = np.ascontiguousarray(joined[joined != FEED])
    buffers = [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(texts)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)


def write_stored(
    target: BinaryIO, tokens: bytes, values: BinaryIO, dimension: int, left_out: Int64
) -> None:
    """Write the file of these tokens, joined by line feeds, and of their vectors, which `values`
    has as float32; rows that are `left_out` (ascending) have no token there."""
    count = tokens.count(b"\n") + 1
    target.write(
        write_header({VECTORS: ("F32", (count, dimension)), TOKENS: ("U8", (len(tokens),))})
    )
    row, size = 0, 4 * dimension
    for end in (*left_out.tolist(), count + len(left_out)):
        values.seek(row * size)
        left = (end - row) * size
        while left:
            piece = values.read(min(BLOCK, left))
            left -= len(piece)
            target.write(piece)
        row = end + 1
    target.write(tokens)


@dataclass(frozen=True)
class StoredVectors:
    """A file of token vectors, mapped into memory."""

    vectors: Float32
    """(tokens, dimension)"""
    tokens: pa.LargeBinaryArray

    def find(self, words: Sequence[str]) -> Int64:
        """The row of each word; -1 where the file has no such token."""
        wanted = pa.array([word.encode() for word in words], pa.large_binary())
        rows = pc.index_in(wanted, value_set=self.tokens)
        found: Int64 = pc.fill_null(rows, -1).to_numpy().astype(np.int64)
        return found


def open_stored(folder: Path) -> StoredVectors:
    """Map the file in the folder of stored vectors. Raises `OSError`, also for a damaged one."""
    with (folder / FILE).open("rb") as file:
        try:
            tensors, begin = read_header(file, FILE)
            parts = tensors[VECTORS], tensors[TOKENS]
        except (HeaderFault, KeyError) as fault:
            raise OSError(f"{folder / FILE} is damaged; upload the vectors again") from fault
        whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    vectors, tokens = (whole[begin + one.start : begin + one.end] for one in parts)
    values = np.frombuffer(vectors, dtype="<f4").reshape(parts[0].shape)
    return StoredVectors(values, token_array(tokens))


def repeated_rows(tokens: pa.LargeBinaryArray) -> Int64:
    """The rows, ascending, whose token an earlier row has."""
    numbers = tokens.dictionary_encode().indices.to_numpy()
    _, first = np.unique(numbers, return_index=True)
    again = np.ones(len(numbers), dtype=bool)
    again[first] = False
    return np.flatnonzero(again)
