"""Token vectors as safetensors: a matrix `vectors`, and `tokens`, their tokens in UTF-8 as bytes,
joined by line feeds."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from models.files.safetensors_header import HeaderFault, StoredTensor, read_header
from models.vectors.errors import VectorFileError
from models.vectors.sink import BLOCK, MOST_TOKEN, MOST_TOKENS, Float32, Sink, require_sizes
from models.vectors.stored import TOKENS, VECTORS

_TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "BF16": "<u2"}
_HOW = (
    "save_file({'vectors': matrix, 'tokens': np.frombuffer('\\n'.join(words).encode(), np.uint8)}, "
    "path) of safetensors.numpy writes them"
)


def read_tensors(file: BinaryIO, sink: Sink) -> int:
    """Read a safetensors file; returns the dimension. Raises `VectorFileError`."""
    try:
        tensors, begin = read_header(file, "the file")
    except HeaderFault as fault:
        raise VectorFileError(str(fault)) from None
    vectors, tokens = (tensors.get(name) for name in (VECTORS, TOKENS))
    if vectors is None or tokens is None:
        raise VectorFileError(f"the file has no two tensors '{VECTORS}' and '{TOKENS}'; {_HOW}")
    if vectors.kind not in _TYPES or len(vectors.shape) != 2 or tokens.kind != "U8":
        raise VectorFileError(
            f"'{VECTORS}' is {vectors.kind} {list(vectors.shape)} and '{TOKENS}' {tokens.kind}; a "
            f"matrix of floating-point numbers and bytes (U8) are needed; {_HOW}"
        )
    count, dimension = vectors.shape
    require_sizes(count, dimension)
    words = _words(file, begin, tokens)
    if len(words) != count:
        raise VectorFileError(
            f"'{VECTORS}' has {count:,} rows, and '{TOKENS}' {len(words):,} tokens joined by line "
            "feeds"
        )
    for start, rows in _rows(file, begin, vectors):
        if not np.isfinite(rows).all():
            row = start + int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise VectorFileError(
                f"row {row:,} of '{VECTORS}' has a number that is not finite; leave that token out"
            )
        sink.add(words[start : start + len(rows)], rows)
    return dimension


def _words(file: BinaryIO, begin: int, tokens: StoredTensor) -> list[bytes]:
    size = tokens.end - tokens.start
    if size > MOST_TOKENS * MOST_TOKEN:
        raise VectorFileError(f"'{TOKENS}' has {size:,} bytes, more than any tokens need")
    file.seek(begin + tokens.start)
    return file.read(size).split(b"\n")


def _rows(file: BinaryIO, begin: int, vectors: StoredTensor) -> Iterator[tuple[int, Float32]]:
    """Some rows at a time as float32, with the number of the first of them."""
    kind = np.dtype(_TYPES[vectors.kind])
    count, dimension = vectors.shape
    at_once = max(1, BLOCK // (dimension * kind.itemsize))
    for start in range(0, count, at_once):
        rows = min(at_once, count - start)
        file.seek(begin + vectors.start + start * dimension * kind.itemsize)
        values = np.frombuffer(file.read(rows * dimension * kind.itemsize), dtype=kind)
        if vectors.kind == "BF16":  # the upper half of a float32
            values = (values.astype("<u4") << 16).view("<f4")
        with np.errstate(over="ignore"):
            yield start, values.reshape(rows, dimension).astype(np.float32)
