"""Tool `recipes`: named specs to begin from."""

import json
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult
from pydantic import Field

from api.agents.answers import READS, Answer, lines
from api.client import Client

Name = Annotated[str | None, Field(description="A recipe, to get its whole spec.")]


def install(server: MCPServer, answer: Answer) -> None:
    @server.tool(annotations=READS)
    async def recipes(context: Context, name: Name = None) -> CallToolResult:
        """List the recipes (named specs), or return the spec of one."""
        return await answer(context, lambda client: told(client, name))


def told(client: Client, name: str | None) -> str:
    if name is not None:
        recipe = client.get(f"/v1/recipes/{name}")
        return lines(recipe["about"], json.dumps(recipe["spec"]))
    known = client.recipes()
    each = [f"- {one}: {about}" for one, about in zip(known["name"], known["about"], strict=True)]
    use = 'Submit {"recipe": NAME, "dataset": …} with whatever you change; fields merge over it.'
    return lines(f"There are {len(each)} recipes. {use}", each, f"Specs: {client.url}/v1/recipes")
