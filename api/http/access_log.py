"""The access log: a line for every request, with an id that all log lines of the request have.

The id is the `X-Request-ID` of the client, where that is usable, so that a request can be followed
through a proxy; the reply has it too.
"""

import logging
import re
import time
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from api.http.departures import CLIENT_LEFT

HEADER = b"x-request-id"
_USABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = {"/healthz", "/readyz", "/metrics"}  # requested by machines every few seconds
_QUIET_BELOW = ("/web/", "/docs/assets/")  # dozens of files for each page
# a log record has an attribute `name` of its own
_LOGGED_AS = {"name": "named"}

_log = logging.getLogger(__name__)


class AccessLog:
    """Middleware that binds `request` to the log, and writes a line when the reply begins, or when
    the client has left without one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        begun, replied = time.perf_counter(), False

        async def logged(message: Message) -> None:
            nonlocal replied
            if message["type"] == "http.response.start":
                replied = True
                message["headers"] = [*message["headers"], (HEADER, request_id.encode())]
                if not _quiet(scope["path"]):
                    _write(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        with bound_contextvars(request=request_id):
            try:
                await self._app(scope, receive, logged)
            except Exception as error:
                # answered with 500 further out; the server logs the traceback, without the id
                _write(scope, 500, time.perf_counter() - begun, error=repr(error))
                raise
            if not replied:
                _write(scope, CLIENT_LEFT, time.perf_counter() - begun)


def _quiet(path: str) -> bool:
    return path in _QUIET or path.startswith(_QUIET_BELOW)


def _request_id(scope: Scope) -> str:
    sent = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return sent.decode() if _USABLE.fullmatch(sent) else uuid4().hex


def _write(scope: Scope, status: int, seconds: float, **more: str) -> None:
    about = {
        **more,
        "status": status,
        "ms": round(seconds * 1000, 1),
        **{
            _LOGGED_AS.get(name, name.removesuffix("_id")): _printable(value)
            for name, value in scope.get("path_params", {}).items()
        },
    }
    _log.info("%s %s", scope["method"], _printable(scope["path"]), extra=about)


def _printable(text: object) -> str:
    """The text without characters that begin a new log line, or move the cursor of a terminal."""
    return ascii(str(text))[1:-1]
