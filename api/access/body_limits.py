"""Limits of request bodies: their size, and how many uploads one key may have in progress.

They are middleware, because a form is read to its end before the route begins. A body whose
`Content-Length` is too large is refused before any of it is read, and any other once it has passed
the limit.
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

UPLOADS = ("/v1/datasets", "/v1/models", "/v1/vectors")
DISCARDED = 4 << 20  # bytes read beyond the limit
UPLOAD_RETRY = 10  # seconds after which an upload may have ended


class BodyLimits:
    """Middleware behind `Authentication` that counts the bytes of a body, and uploads by key.

    Uploads are counted in this process alone, so that no upload stays counted when it dies.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._uploads: Counter[str | None] = Counter()  # used by the event loop alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if is_upload(scope):
                await self._upload(scope, receive, send)
            else:
                await self._app(scope, _limited(scope, receive, MAX_BYTES), send)
        except _Refused as refused:
            response = await answer(Request(scope), refused.error)
            await response(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = _limited(scope, receive, self._settings.max_upload_bytes)
        owner, most = get_caller(Request(scope)).key_id, self._settings.max_uploads
        if self._uploads[owner] >= most:
            sentence = f"{most} uploads are in progress already; wait until one of them has ended"
            raise _Refused(TooMany(sentence, UPLOAD_RETRY))
        self._uploads[owner] += 1
        try:
            await self._app(scope, limited, send)
        finally:
            self._uploads[owner] -= 1
            self._uploads += Counter()  # drops owners at zero


class _Refused(Exception):
    """Raised before the application saw the request, so that this middleware has to reply."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def is_upload(scope: Scope) -> bool:
    """Whether this is a multipart form with a file; any other body is as small as a spec."""
    kind = Headers(scope=scope).get("content-type", "")
    path = scope["path"].rstrip("/")
    return path in UPLOADS and scope["method"] == "POST" and kind.startswith("multipart/form-data")


def _limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Return `receive` with a limit in bytes, beyond which it raises `TooLarge`.

    Raises `_Refused` at once where `Content-Length` is beyond the limit.
    """
    sentence = f"a body of this request may have at most {limit:,} bytes"
    length = Headers(scope=scope).get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise _Refused(TooLarge(sentence))
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen <= limit:
            return message
        # a sender whose connection is cut may never see the reply, so a little more is discarded
        while message.get("more_body") and seen <= limit + DISCARDED:
            message = await receive()
            seen += len(message.get("body", b""))
        raise TooLarge(sentence, cut_off=message.get("more_body", False))

    return limited
