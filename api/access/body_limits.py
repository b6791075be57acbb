"""How much one request may send, and how many uploads one key may have going on.

Middleware, because a form is read to its end before the route begins. A body whose length is told
is refused before any of it is read, any other when it passes the bound.
"""

from collections import Counter

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.callers import get_caller
from api.http.json_bodies import MAX_BYTES
from api.http.problems import TooLarge, answer
from models.errors import TooMany
from models.settings import Settings

UPLOADS = "/v1/datasets"
THROWN_AWAY = 4 << 20  # bytes beyond the bound
UPLOAD_RETRY = 10  # seconds after which an upload may have ended


class Bounds:
    """Middleware behind the gate: it counts bytes for everyone, and uploads for each key.

    Uploads are counted in this process alone, so that none stays counted when it dies.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._uploads: Counter[str | None] = Counter()  # touched by the event loop alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if is_upload(scope):
                await self._upload(scope, receive, send)
            else:
                bounded = _bounded(scope, receive, MAX_BYTES)
                await self._app(scope, bounded, send)
        except _Refused as refused:
            response = await answer(Request(scope), refused.error)
            await response(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        bounded = _bounded(scope, receive, self._settings.max_upload_bytes)
        owner, most = get_caller(Request(scope)).key_id, self._settings.max_uploads
        if self._uploads[owner] >= most:
            sentence = f"{most} uploads are going on already; wait until one of them has ended"
            raise _Refused(TooMany(sentence, UPLOAD_RETRY))
        self._uploads[owner] += 1
        try:
            await self._app(scope, bounded, send)
        finally:
            self._uploads[owner] -= 1
            self._uploads += Counter()  # forgets owners at zero


class _Refused(Exception):
    """Before the application saw the request, so that the reply is ours to give."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def is_upload(scope: Scope) -> bool:
    """A form of several parts for the data sets; any other body is as small as a spec."""
    kind = Headers(scope=scope).get("content-type", "")
    path = scope["path"].rstrip("/")
    return path == UPLOADS and scope["method"] == "POST" and kind.startswith("multipart/form-data")


def _bounded(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` that raises `TooLarge` beyond so many bytes; `_Refused` if that is told now."""
    sentence = f"a body may be {limit:,} bytes long at most here"
    told = Headers(scope=scope).get("content-length", "")
    if told.isdecimal() and int(told[:20]) > limit:
        raise _Refused(TooLarge(sentence))
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen <= limit:
            return message
        # a sender who is hung up on may never see the reply, so a little more is thrown away
        while message.get("more_body") and seen <= limit + THROWN_AWAY:
            message = await receive()
            seen += len(message.get("body", b""))
        raise TooLarge(sentence, cut_off=message.get("more_body", False))

    return bounded
