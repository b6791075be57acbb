"""The Python client for the API of this very process, for tools that are called at `/mcp`.

A request of a tool goes through the whole application, middleware included, as if it had come from
the network with the key of whoever called the tool: it can do no more than the same request to
`/v1`.
"""

from collections.abc import Mapping

import httpx
from anyio import from_thread
from mcp.server.mcpserver import Context
from starlette.requests import Request
from starlette.types import ASGIApp

from api.client import TIMEOUT, Client

PASSED_ON = ("authorization", "host")


class _IntoTheApplication(httpx.BaseTransport):
    """A transport for a thread that the event loop of the application waits for."""

    def __init__(self, app: ASGIApp, client: tuple[str, int]) -> None:
        # an error in a route is answered with 500 like everywhere, and logged there
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=False, client=client)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return from_thread.run(self._answer, request)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        reply = await self._inner.handle_async_request(request)
        content = await reply.aread()
        return httpx.Response(
            reply.status_code, headers=reply.headers, stream=httpx.ByteStream(content)
        )


class InProcessClient(Client):
    """A client with the key and the address of a request to this application."""

    def __init__(self, request: Request) -> None:
        self.url = str(request.base_url).rstrip("/")
        self._timeout = TIMEOUT
        sender = request.client
        self._http = httpx.Client(
            base_url=self.url,
            headers=_passed_on(request.headers),
            transport=_IntoTheApplication(
                request.app, ("127.0.0.1", 0) if sender is None else (sender.host, sender.port)
            ),
        )


def client_of(context: Context) -> InProcessClient:
    """Return the client for the request that calls a tool."""
    request = context.request_context.request
    assert isinstance(request, Request)  # streamable HTTP gives it
    return InProcessClient(request)


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name] for name in PASSED_ON if name in headers}
