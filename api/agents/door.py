"""`/mcp`: the tools over streamable HTTP, with the keys of `/v1`.

Whoever may read may call tools; what a tool asks of `/v1` is checked there once more. Host and
origin are checked by `api.access.authentication`, as for every path. The server keeps no sessions,
so any process of the API answers any request. It is built at the first request, in a thread: the
SDK takes 0.8 s and 28 MB to import, and most services are never asked.
"""

import asyncio
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.json_bodies import MAX_BYTES
from api.http.problems import NotInstalled, answer

PATH = "/mcp"


class AgentDoor:
    """The ASGI application at `/mcp`; `close` ends what its first request began."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._opening = asyncio.Lock()
        self._closing = asyncio.Event()
        self._open: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            app = await self._opened()
        except NotInstalled as error:
            response = await answer(Request(scope), error)
            await response(scope, receive, send)
            return
        await app(scope, receive, send)

    async def close(self) -> None:
        self._closing.set()
        if self._open is not None:
            await self._open

    async def _opened(self) -> ASGIApp:
        async with self._opening:
            if self._app is None:
                server = await run_in_threadpool(_server)
                started: asyncio.Future[ASGIApp] = asyncio.get_running_loop().create_future()
                self._open = asyncio.create_task(self._keep_open(server, started))
                self._app = await started
            return self._app

    async def _keep_open(self, server: Any, started: "asyncio.Future[ASGIApp]") -> None:
        from mcp.server.transport_security import TransportSecuritySettings

        # its application is not used, since it has a route of its own; it makes the manager
        server.streamable_http_app(
            json_response=True,
            stateless_http=True,
            max_request_body_size=MAX_BYTES,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        async with server.session_manager.run():
            started.set_result(server.session_manager.handle_request)
            await self._closing.wait()


def _server() -> Any:
    try:
        import mcp  # noqa: F401
    except ImportError:
        raise NotInstalled("tools for agents need the MCP SDK", extra="mcp") from None
    from api.agents.in_process import client_of
    from api.agents.server import agent_server

    return agent_server(client_of)


class _Entrance:
    """The door of the application that is asked, which is made when that starts."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.agent_door(scope, receive, send)


def install(app: FastAPI) -> None:
    """Serve the tools at `/mcp`."""
    app.router.routes.append(Route(PATH, _Entrance(), include_in_schema=False))
