"""Replies that are kept, in memory and within a bound of bytes, as long as their mark is the same.

They are kept compressed and in pieces, and sent piece by piece as fast as a client reads: the
results of a large experiment are tens of megabytes, and neither to keep them nor to send them to
fifty clients at once may take fifty times that.

**In memory, not on the disk.** What a reply is made from is on the disk already, and the largest
takes seconds to make, once after a start. A file of it would have to be told from one of another
version of this program, whose replies may have other fields; hosts that share a folder would write
it at the same time; and somebody would have to remove it.
"""

import zlib
from collections.abc import AsyncIterator, Hashable, Iterable, Mapping
from dataclasses import dataclass

from anyio import to_thread
from starlette.responses import Response, StreamingResponse

from models.byte_cache import ByteCache

PIECE = 2**18  # bytes of a reply that are compressed, and sent, together
MOST_KEPT_BYTES = 2**26  # compressed, which is a fifth of JSON or less

Content = bytes | Iterable[bytes]
"""Whole, or in parts."""


@dataclass(frozen=True, slots=True)
class KeptBody:
    """The content of a reply, compressed."""

    size: int
    """In bytes, once it is unpacked."""
    pieces: tuple[bytes, ...]

    @classmethod
    def of(cls, content: Content) -> "KeptBody":
        """From the content, of which no more is in memory than it gives at once."""
        size, waiting, pieces = 0, bytearray(), []
        for part in (content,) if isinstance(content, bytes) else content:
            size += len(part)
            waiting += part
            while len(waiting) >= PIECE:
                pieces.append(zlib.compress(waiting[:PIECE], 1))
                del waiting[:PIECE]
        if waiting:
            pieces.append(zlib.compress(waiting, 1))
        return cls(size, tuple(pieces))

    @property
    def stored_bytes(self) -> int:
        return sum(map(len, self.pieces))

    def content(self) -> bytes:
        """The whole content, unpacked."""
        return b"".join(map(zlib.decompress, self.pieces))

    def reply(self, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return a reply with this content."""
        length = {"Content-Length": str(self.size)}
        return StreamingResponse(
            self._unpacked(), media_type=media_type, headers={**(headers or {}), **length}
        )

    async def _unpacked(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            # a millisecond, in which others are answered: a fast client never makes this wait
            yield await to_thread.run_sync(zlib.decompress, piece)


class KeptReplies:
    """The replies that this process keeps, by key. Any thread may use it."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._kept: ByteCache[tuple[str, KeptBody]] = ByteCache(most_bytes)

    @property
    def stored_bytes(self) -> int:
        return self._kept.stored_bytes

    def get(self, key: Hashable, mark: str) -> KeptBody | None:
        """The reply under the key, if it was kept under the same mark."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] == mark else None

    def keep(self, key: Hashable, mark: str, body: KeptBody) -> None:
        """Keep a reply in place of the one before."""
        self._kept.put(key, (mark, body), body.stored_bytes + len(mark))
