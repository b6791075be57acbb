"""Token vectors in every form in which people have them, written by slow obvious code."""

import gzip
import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from models.vectors.file import take_in

Vectors = Mapping[str, Sequence[float]]

SOME: Vectors = {
    "the": (0.418, 0.24968, -0.41242),
    "how": (1.0, -2.5, 0.0078125),
    "rice": (-0.5, 3e-05, 7.0),
    "of": (0.25, 0.125, 1.0),
}


def as_text(vectors: Vectors, *, header: bool = False, end: str = "\n") -> bytes:
    """GloVe's text; with a header it is word2vec's."""
    lines = [" ".join((token, *map(repr, numbers))) for token, numbers in vectors.items()]
    width = len(next(iter(vectors.values()), ()))
    first = [f"{len(vectors)} {width}"] if header else []
    return "".join(line + end for line in (*first, *lines)).encode()


def as_binary(vectors: Vectors, end: bytes = b"\n") -> bytes:
    """word2vec's binary form; the original tool ends each vector with a line feed."""
    width = len(next(iter(vectors.values())))
    parts = [f"{len(vectors)} {width}\n".encode()]
    for token, numbers in vectors.items():
        parts.append(token.encode() + b" " + struct.pack(f"<{width}f", *numbers) + end)
    return b"".join(parts)


def as_tensors(vectors: Vectors, kind: type[np.floating] = np.float32) -> bytes:
    """safetensors with a list of tokens."""
    matrix = np.array(list(vectors.values()), dtype=kind)
    tokens = np.frombuffer("\n".join(vectors).encode(), np.uint8)
    content: bytes = save({"vectors": matrix, "tokens": tokens})
    return content


def gzipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb") as packed:
        packed.write(content)
    return target.getvalue()


def stored_vectors(vectors: Vectors, place: Path) -> Path:
    """The folder below `place` of vectors that were taken in, named by their hash."""
    place.mkdir(exist_ok=True)
    read = place / "read"
    read.mkdir()
    profile = take_in(io.BytesIO(as_text(vectors)), read, 1 << 24)
    return read.rename(place / profile.content_hash)
