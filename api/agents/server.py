"""The MCP server: the tools, and how a tool's call becomes calls of the Python client.

Both transports serve this server. They differ in the client alone: over stdio it talks to a service
somewhere, at `/mcp` to the very API that serves it. So every tool has the keys, the scopes, the
limits and the refusals of `/v1`, and no logic of its own.
"""

from collections.abc import Callable
from importlib.metadata import version

from anyio import CapacityLimiter, to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult, TextContent

from api.agents import asking, comparing, noise, reading, recipes
from api.agents.answers import refusal
from api.client import Client, TripletlabError

AT_ONCE = 32
"""Calls of tools in progress; further ones wait. A call holds a thread, also while it waits."""

INSTRUCTIONS = """Tripletlab trains the arms of a spec under paired seeds and says whether a choice
in a triplet loss matters. Work in this order: noise_floor for your data set; declare metric, margin
and seeds in a spec before you see any result; validate; submit; wait; results. Obey the verdict:
`undecided` is not `equal`. Never change seeds, metric or margin after a result; what you try anew
is a new question, and several in a row belong to one `programme`, which keeps false claims few."""

Connect = Callable[[Context], Client]
"""Gives the client for one call of a tool, which closes it."""


def agent_server(connect: Connect) -> MCPServer:
    """Return the server whose tools ask the service through the clients that `connect` gives."""
    server = MCPServer(
        "tripletlab",
        title="Tripletlab",
        instructions=INSTRUCTIONS,
        version=version("tripletlab"),
        log_level="WARNING",
    )
    limiter = CapacityLimiter(AT_ONCE)

    async def answer(context: Context, ask: Callable[[Client], str]) -> CallToolResult:
        def asked() -> str:
            with connect(context) as client:
                return ask(client)

        try:
            return _result(await to_thread.run_sync(asked, limiter=limiter))
        except TripletlabError as error:
            return _result(refusal(error), is_error=True)

    for group in (recipes, asking, reading, comparing, noise):
        group.install(server, answer)
    return server


def _result(text: str, *, is_error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], is_error=is_error)
