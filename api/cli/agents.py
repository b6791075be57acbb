"""`tripletlab mcp`: the tools for agents over stdio, for a service somewhere."""

from api.cli.connection import UrlOption
from api.cli.console import stop
from api.cli.services import settings_from
from api.client import Client


def mcp(url: UrlOption = None) -> None:
    """Serve tools for agents (MCP) on standard input and output, for a service that runs.

    The key is that of the other commands: TRIPLETLAB_KEY. A service has the same tools at /mcp.
    """
    try:
        from api.agents.server import agent_server
    except ImportError:
        raise stop("Tools for agents need the MCP SDK: pip install 'tripletlab[mcp]'") from None
    settings = settings_from()
    agent_server(lambda _: Client(url or settings.url, settings.key)).run("stdio")
