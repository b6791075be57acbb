"""Large replies: on disk until they are sent, because clients may read slowly, or not at all.

The steps of a long run are sixteen megabytes. Sixty replies of that size, held in memory until
their clients have read them, are a gigabyte; a file without a name costs no memory, and goes with
the reply. A disk is bounded too, so what one client leaves unread is bounded, and what all do.

**The first few megabytes that wait stay in memory**: most clients read at once, and to write a file
and read it again piece by piece took a quarter of the time of a curve of 10,000 steps.
"""

import asyncio
import os
import tempfile
import threading
from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from models.errors import TooMany

PIECE = 128 << 10  # bytes that are sent at once; a reply that is no larger stays in memory
MOST_BYTES = 4 << 30  # of replies that wait on the disk, in one process …
MOST_OF_A_CLIENT = 1 << 30  # … and of one client: sixty of the largest
MOST_IN_MEMORY = 16 << 20  # of replies larger than a piece, in one process; the others are on disk
RETRY_SECONDS = 10  # after which one of them may have been read


class Spool:
    """The folder in which replies wait, and how many bytes of whom. Any thread may use it."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int = MOST_BYTES,
        most_of_a_client: int = MOST_OF_A_CLIENT,
        most_in_memory: int = MOST_IN_MEMORY,
    ) -> None:
        self._folder, self._most, self._share = folder, most_bytes, most_of_a_client
        self._taken: Counter[Hashable] = Counter()
        self._memory_left = most_in_memory
        self._lock = threading.Lock()

    @contextmanager
    def room(self, client: Hashable, size: int) -> Iterator[None]:
        """Take `size` bytes for the block. Raises `TooMany` where they would be too many."""
        with self._lock:
            own, every = self._taken[client] + size, self._taken.total() + size
            if own > self._share or every > self._most:
                whose = "of this key" if own > self._share else "of all clients"
                sentence = (
                    f"large replies {whose} wait to be read already, {max(own, every) - size:,} "
                    "bytes of them; read them to their end or close them, then try again"
                )
                raise TooMany(sentence, RETRY_SECONDS)
            self._taken[client] += size
        try:
            yield
        finally:
            with self._lock:
                self._taken[client] -= size
                self._taken += Counter()  # drops clients at zero

    @contextmanager
    def memory(self, size: int) -> Iterator[bool]:
        """Whether `size` bytes may stay in memory for the block."""
        with self._lock:
            granted = size <= self._memory_left
            self._memory_left -= size if granted else 0
        try:
            yield granted
        finally:
            with self._lock:
                self._memory_left += size if granted else 0

    def written(self, content: bytes) -> int | None:
        """Return the number of an open file with this content, or None where it cannot be written:
        a full disk must not keep anybody from reading."""
        try:
            with tempfile.TemporaryFile(dir=self._folder) as file:
                file.write(content)
                file.flush()
                return os.dup(file.fileno())
        except OSError:
            return None


class SpooledReply(Response):
    """A reply that is read piece by piece, no faster than its client reads.

    Sending it raises `TooMany`, before it has begun, where too much waits in the spool already.
    """

    def __init__(self, content: bytes, media_type: str, spool: Spool) -> None:
        self._content, self._spool, self._size = content, spool, len(content)
        super().__init__(media_type=media_type, headers={"Content-Length": str(self._size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        if self._size <= PIECE:
            await self._send(send, None)
            return
        with (
            self._spool.room(_client_of(scope), self._size),
            self._spool.memory(self._size) as in_memory,
        ):
            if in_memory:
                await self._send(send, None)
                return
            file = await to_thread.run_sync(self._spool.written, self._content)
            if file is None:
                await self._send(send, None)
                return
            self._content = b""
            try:
                await self._send(send, file)
            finally:
                os.close(file)

    async def _send(self, send: Send, file: int | None) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        for offset in range(0, self._size, PIECE):
            if file is None:
                piece = self._content[offset : offset + PIECE]
                await asyncio.sleep(0)  # others have their turn: a fast client never makes it wait
            else:
                piece = await to_thread.run_sync(os.pread, file, PIECE, offset)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _client_of(scope: Scope) -> Hashable:
    """The id of the key that was sent, or None."""
    client: Hashable = scope["state"]["caller"].key_id
    return client
