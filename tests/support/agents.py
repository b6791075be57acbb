"""An agent as a client of the MCP SDK, which calls tools over HTTP or over stdio."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import anyio
import httpx2
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from support.commands import COMMAND

T = TypeVar("T")
Talk = Callable[["Agent"], Awaitable[T]]


class Agent:
    """Calls tools, and reads what they answer as text."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def ask(self, tool: str, **arguments: Any) -> str:
        """The answer of a tool that does what it is asked."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, text_of(result)
        return text_of(result)

    async def refused(self, tool: str, **arguments: Any) -> str:
        """What a tool says that refuses."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, text_of(result)
        return text_of(result)


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def over_http(url: str, talk: Talk[T], headers: Mapping[str, str] | None = None) -> T:
    """What the conversation gives, with the tools at `/mcp` of a service."""

    async def talked() -> T:
        async with AsyncExitStack() as opened:
            http = httpx2.AsyncClient(headers=dict(headers or {}), timeout=60)
            await opened.enter_async_context(http)
            transport = streamable_http_client(f"{url}/mcp", http_client=http)
            return await talk(Agent(await opened.enter_async_context(Client(transport))))

    return anyio.run(talked)


def over_stdio(url: str, talk: Talk[T], environment: Mapping[str, str]) -> T:
    """The same with the tools of `tripletlab mcp`, which is started for it."""

    async def talked() -> T:
        arguments = ["mcp", "--url", url]
        server = StdioServerParameters(command=str(COMMAND), args=arguments, env=dict(environment))
        async with Client(stdio_client(server)) as client:
            return await talk(Agent(client))

    return anyio.run(talked)
