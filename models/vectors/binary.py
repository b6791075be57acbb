"""Token vectors in word2vec's binary form: a line with two numbers, then each token, a space, and
its numbers as little-endian float32. The original tool ends each vector with a line feed."""

from typing import BinaryIO

import numpy as np

from models.vectors.errors import VectorFileError
from models.vectors.sink import BLOCK, MOST_TOKEN, Sink, require_sizes
from models.vectors.text import MOST_LINE, header_of


def read_binary(file: BinaryIO, sink: Sink) -> int:
    """Read a file from its beginning; returns the dimension. Raises `VectorFileError`."""
    header = header_of(file.readline(MOST_LINE))
    assert header is not None
    count, dimension = header
    require_sizes(count, dimension)
    buffer = b""
    while piece := file.read(BLOCK):
        buffer += piece
        buffer = buffer[_take(buffer, sink, count, dimension) :]
    if sink.count < count:
        raise VectorFileError(
            f"the first line says {count:,} tokens of {dimension:,} numbers, and the file, read as "
            f"word2vec's binary form, has {sink.count:,}; it may be cut off"
        )
    if buffer.strip(b"\n"):
        raise VectorFileError(f"the file goes on behind the {count:,} tokens that it claims")
    return dimension


def _take(buffer: bytes, sink: Sink, count: int, dimension: int) -> int:
    """Add the tokens that are whole in the buffer; where the first of the others begins."""
    size, position = 4 * dimension, 0
    tokens: list[bytes] = []
    values: list[bytes] = []
    while sink.count + len(tokens) < count:
        space = buffer.find(b" ", position, position + MOST_TOKEN + 2)
        if space < 0 and len(buffer) - position > MOST_TOKEN + 1:
            raise VectorFileError(
                f"no token begins behind the {sink.count + len(tokens):,} that were read as "
                "word2vec's binary form; a text of vectors has a token and its numbers on each line"
            )
        end = space + 1 + size
        if space < 0 or end > len(buffer):
            break
        tokens.append(buffer[position:space].lstrip(b"\n"))
        values.append(buffer[space + 1 : end])
        position = end
    vectors = np.frombuffer(b"".join(values), dtype="<f4").reshape(-1, dimension)
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        raise VectorFileError(
            f"the vector of token {sink.count + row + 1:,} has a number that is not finite; leave "
            "that token out"
        )
    sink.add(tokens, vectors)
    return position
