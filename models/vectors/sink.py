"""Where the readers of all formats put what they read: checked and bounded, block by block.

Numbers go to a file as they come, so that memory holds one block of them, and the tokens. No
number in a header is believed before it is bounded here, and nothing is reserved by one.
"""

import time
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from models.vectors.errors import VectorFileError

MOST_TOKENS = 5_000_000
MOST_DIMENSION = 4096  # that of a spec's `embedding_dim`
MOST_TOKEN = 4096  # bytes of one token
BLOCK = 1 << 20  # bytes that a reader takes at once

Float32 = npt.NDArray[np.float32]


def require_sizes(tokens: int, dimension: int) -> None:
    """Raises `VectorFileError` for numbers beyond the limits, as a header may claim them."""
    if not 1 <= tokens <= MOST_TOKENS:
        raise VectorFileError(
            f"the file claims {tokens:,} tokens, and 1 to {MOST_TOKENS:,} can be stored; send the "
            "most frequent ones"
        )
    if not 1 <= dimension <= MOST_DIMENSION:
        raise VectorFileError(
            f"the file claims {dimension:,} numbers for each token, and 1 to {MOST_DIMENSION:,} "
            "can be used"
        )


class Sink:
    """Takes tokens and their vectors, in the order of the file.

    `max_seconds` bounds the reading from now on.
    """

    def __init__(self, values: BinaryIO, max_seconds: float | None = None) -> None:
        self._values = values
        self._end = None if max_seconds is None else time.monotonic() + max_seconds
        self._max_seconds = max_seconds
        self._parts: list[bytes] = []
        self.count = 0

    @property
    def tokens(self) -> bytes:
        """All tokens so far, joined by line feeds."""
        return b"\n".join(self._parts)

    def add(self, tokens: Sequence[bytes], vectors: Float32) -> None:
        """Add tokens and their vectors (tokens, dimension), which are finite.

        Raises `VectorFileError` for a token that cannot be one, and beyond the limits.
        """
        self.require_time()
        if not len(tokens):
            return
        joined = b"\n".join(tokens)
        if joined.count(b"\n") != len(tokens) - 1 or not _are_utf8(joined):
            raise VectorFileError(self._fault(tokens))
        if not all(tokens) or len(max(tokens, key=len)) > MOST_TOKEN:
            raise VectorFileError(self._fault(tokens))
        self.count += len(tokens)
        if self.count > MOST_TOKENS:
            raise VectorFileError(
                f"the file has more than {MOST_TOKENS:,} tokens; send the most frequent ones"
            )
        self._parts.append(joined)
        self._values.write(np.ascontiguousarray(vectors, dtype="<f4").data)

    def require_time(self) -> None:
        """Raises `VectorFileError` where reading has taken too long."""
        if self._end is not None and time.monotonic() > self._end:
            raise VectorFileError(
                f"reading the file took longer than the {self._max_seconds:g} seconds that are "
                "allowed; send fewer tokens, or ask the operator of the service"
            )

    def _fault(self, tokens: Sequence[bytes]) -> str:
        """What is wrong with the first token that cannot be one."""
        for number, token in enumerate(tokens, self.count + 1):
            shown = token[:60].decode(errors="replace")
            if not token:
                return f"the token {number:,} of the file is empty"
            if len(token) > MOST_TOKEN:
                return (
                    f"the token {number:,} of the file, which begins with '{shown}', is longer "
                    f"than {MOST_TOKEN:,} bytes"
                )
            if b"\n" in token:
                return f"the token {number:,} of the file, '{shown}', holds a line feed"
            if not _are_utf8(token):
                return (
                    f"the token {number:,} of the file, '{shown}', is not UTF-8; write the file as "
                    "UTF-8, for instance with iconv"
                )
        raise AssertionError("one of the tokens is at fault")


def _are_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
