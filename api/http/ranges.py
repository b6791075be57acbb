"""`Range` headers: one that cannot be read is ignored, and one outside of a file gets a problem.

RFC 9110, section 14.2: a server ignores a range in a unit that it does not know, and may ignore
what is no range at all. The library that sends files answers both with a line of plain text, which
is no problem document; whoever sends `Range: 0-99` or `lines=1-5` gets the whole file instead.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import problem

LONGEST = 1000  # characters; what resumes a download has twenty
_ONE = r"(?:\d+-\d*|-\d+)"
_READABLE = re.compile(rf"bytes=[ \t]*{_ONE}(?:[ \t]*,[ \t]*{_ONE})*[ \t]*", re.IGNORECASE)


class Ranges:
    """Middleware that takes an unreadable `Range` out of the request, and says in words where a
    readable one lies outside of the file."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = Headers(scope=scope).get("range") if scope["type"] == "http" else None
        if wanted is None:
            await self._app(scope, receive, send)
        elif not is_readable(wanted):
            others = [(name, value) for name, value in scope["headers"] if name != b"range"]
            await self._app({**scope, "headers": others}, receive, send)
        else:
            await self._app(scope, receive, _in_words(scope, receive, send))


def is_readable(wanted: str) -> bool:
    """Whether this is the value of a `Range` header in bytes, each of whose parts ends behind its
    beginning."""
    if len(wanted) > LONGEST or not _READABLE.fullmatch(wanted):
        return False
    parts = (part.partition("-") for part in wanted.partition("=")[2].split(","))
    return all(not first.strip() or not last.strip() or int(first) <= int(last)
               for first, _, last in parts)  # fmt: skip


def _in_words(scope: Scope, receive: Receive, send: Send) -> Send:
    """Return a `send` that puts a problem document in place of a bare 416."""
    replaced = False

    async def worded(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] == 416:
            replaced = True
            whole = Headers(raw=message["headers"])["content-range"]
            reply = problem(
                Request(scope),
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                f"the range begins behind the end of the file, which has "
                f"{int(whole.removeprefix('bytes */')):,} bytes; ask for an earlier one, or "
                "without Range for all of it",
                headers={"Content-Range": whole},
            )
            await reply(scope, receive, send)
        elif not replaced:
            await send(message)

    return worded
