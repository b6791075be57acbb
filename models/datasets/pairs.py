"""A data set in memory: two Arrow text columns, labels, and perhaps a split, scores or triplets.

Why Arrow and not lists of `str`: 808,002 questions are two buffers each, so hashing, counting and
splitting into words run over bytes, not over Python objects.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.datasets.shapes import Shape

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLIT_CODES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
HASH_FORM = b"tripletlab-pairs-1\n"

Codes = npt.NDArray[np.int8]
Offsets = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Triplets = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Reading:
    """How the rows of a file were read.

    `columns`: the names of its columns, by the field of the upload that means them; `left_out`: how
    many rows were left out, by the value of their label.
    """

    shape: Shape = "labelled_pairs"
    columns: Mapping[str, str | list[str]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of question pairs, in file order.

    `question1`, `question2`: `pyarrow.LargeStringArray` without nulls; `label`: int8, 1 where the
    two are duplicates; `split`: int8 (0 train, 1 validation, 2 test) or None. `score`: float32, of
    scored pairs; `triplet`: int32, the number of the triplet that a row is of, from 0. All have one
    length.
    `warnings`: what the reader of their file was not sure of, in sentences; `reading`: how it read
    it, None for rows that come from no file.
    """

    question1: pa.LargeStringArray
    question2: pa.LargeStringArray
    label: Codes
    split: Codes | None = None
    warnings: tuple[str, ...] = ()
    score: Scores | None = None
    triplet: Triplets | None = None
    reading: Reading | None = None

    def __len__(self) -> int:
        return len(self.label)


Texts: TypeAlias = Sequence[str] | pa.ChunkedArray | pa.LargeStringArray


def make_pairs(
    question1: Texts,
    question2: Texts,
    label: Sequence[int] | Codes,
    split: Sequence[int] | Codes | None = None,
    *,
    score: Sequence[float] | Scores | None = None,
    triplet: Sequence[int] | Triplets | None = None,
) -> Pairs:
    """Build `Pairs` from lists or Arrow columns; ValueError when the lengths differ."""
    codes = np.asarray(label, dtype=np.int8)
    parts = None if split is None else np.asarray(split, dtype=np.int8)
    scores = None if score is None else np.asarray(score, dtype=np.float32)
    triplets = None if triplet is None else np.asarray(triplet, dtype=np.int32)
    columns = (question1, question2, codes, parts, scores, triplets)
    lengths = {len(column) for column in columns if column is not None}
    if len(lengths) != 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    texts = text_column(question1), text_column(question2)
    return Pairs(*texts, codes, parts, score=scores, triplet=triplets)


def text_column(values: Texts) -> pa.LargeStringArray:
    """One contiguous column with 64-bit offsets, so that text may exceed 2 GiB."""
    if isinstance(values, pa.LargeStringArray):
        return values
    if not isinstance(values, pa.ChunkedArray):
        return pa.array(values, type=pa.large_string())
    whole = values.cast(pa.large_string()).combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def content_hash(pairs: Pairs) -> str:
    """SHA-256 (hex) of the rows themselves, which does not depend on the format of their file.

    The input is the row count, each column's byte lengths (little-endian int64) and UTF-8 bytes,
    the labels, and the split, the scores (little-endian float32) and the triplets (int32) where
    there are any. Lengths come first, so that one text cannot have the hash of two.
    """
    digest = hashlib.sha256(HASH_FORM)
    digest.update(len(pairs).to_bytes(8, "little"))
    for column in (pairs.question1, pairs.question2):
        offsets, data = utf8_parts(column)
        digest.update(np.diff(offsets).astype("<i8").tobytes())
        digest.update(data)
    digest.update(pairs.label.tobytes())
    if pairs.split is not None:
        digest.update(b"split")
        digest.update(pairs.split.tobytes())
    if pairs.score is not None:
        digest.update(b"score")
        digest.update(pairs.score.astype("<f4").tobytes())
    if pairs.triplet is not None:
        digest.update(b"triplet")
        digest.update(pairs.triplet.astype("<i4").tobytes())
    return digest.hexdigest()


def utf8_parts(column: pa.LargeStringArray) -> tuple[Offsets, memoryview]:
    """Offsets (int64, rows + 1) and the UTF-8 bytes from the first to the last of them."""
    _, offset_buffer, data_buffer = column.buffers()
    if len(column) == 0:
        return np.zeros(1, dtype=np.int64), memoryview(b"")
    offsets = np.frombuffer(offset_buffer, dtype=np.int64)
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    data = memoryview(b"" if data_buffer is None else data_buffer)
    return offsets, data[offsets[0] : offsets[-1]]
