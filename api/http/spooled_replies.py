"""Large replies: on disk until they are sent, because clients may read slowly, or not at all.

The steps of a long run are sixteen megabytes. Sixty replies of that size, held in memory until
their clients have read them, are a gigabyte; a file without a name costs no memory, and goes with
the reply.
"""

import os
import tempfile
from pathlib import Path

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PIECE = 128 << 10  # bytes that are sent at once; a reply that is no larger stays in memory


class SpooledReply(Response):
    """A reply that is read piece by piece, no faster than its client reads. Make it in a thread,
    since it may write to the disk."""

    def __init__(self, content: bytes, media_type: str, folder: Path) -> None:
        """Keep `content`, in a file in `folder` where it is large and the folder can be written."""
        self._size = len(content)
        self._file = _written(content, folder) if self._size > PIECE else None
        self._content = content if self._file is None else b""
        super().__init__(media_type=media_type, headers={"Content-Length": str(self._size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        for offset in range(0, self._size, PIECE):
            piece = await self._piece(offset)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _piece(self, offset: int) -> bytes:
        if self._file is None:
            return self._content[offset : offset + PIECE]
        return await to_thread.run_sync(os.pread, self._file, PIECE, offset)

    def __del__(self) -> None:  # sent or not
        if self._file is not None:
            os.close(self._file)


def _written(content: bytes, folder: Path) -> int | None:
    """Return the number of an open file with this content, or None where it cannot be written: a
    full disk must not keep anybody from reading."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(content)
            file.flush()
            return os.dup(file.fileno())
    except OSError:
        return None
