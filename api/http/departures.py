"""Clients that leave: before their reply, or in the middle of one that they did not read.

Neither is a fault of the service. Without this, a body that breaks off and a stream that hangs up
unread were logged as faults with a traceback, and the former was in no metric. A request that ended
without a reply is counted and logged as `CLIENT_LEFT`.
"""

from anyio import BrokenResourceError, ClosedResourceError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLIENT_LEFT = 499
"""As nginx has it in its log; it is never sent, since nobody is there to get it."""


class Departures:
    """Middleware that ends a request quietly once its client has gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        gone = False

        async def noted() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        try:
            await self._app(scope, noted, send)
        except ClientDisconnect:
            pass
        except ExceptionGroup as group:
            # the event stream's own pipe, which is closed while its producer still writes to it
            if not gone or not only_closed_pipes(group):
                raise


def only_closed_pipes(group: BaseExceptionGroup[BaseException]) -> bool:
    """Whether nothing else went wrong than that the other end of a pipe was closed."""
    return group.split((BrokenResourceError, ClosedResourceError))[1] is None
