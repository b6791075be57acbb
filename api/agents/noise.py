"""Tool `noise_floor`: what the seed alone does on a data set, asked before anything else."""

from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult
from pydantic import Field

from api.agents.answers import ADDS, Answer, lines, links, state
from api.client import Client

RECIPE = "noise-floor"
DataSet = Annotated[str, Field(description="The name of a data set of the service.")]


def install(server: MCPServer, answer: Answer) -> None:
    @server.tool(annotations=ADDS)
    async def noise_floor(context: Context, dataset: DataSet) -> CallToolResult:
        """Say how far apart runs lie that differ in the seed alone, and how many seeds a margin
        takes. The first call for a data set submits the recipe; later ones read the same
        experiment."""
        return await answer(context, lambda client: told(client, dataset))


def told(client: Client, dataset: str) -> str:
    spec = {"recipe": RECIPE, "dataset": dataset}
    known = client.submit(spec, idempotency_key=f"{RECIPE} of {dataset}")
    if not known.ended:
        return lines(
            f"The noise floor of {dataset} is being measured.",
            state(known),
            f"Wait for {known.id}, then call this again.",
            links(client, known.id)[:1],
        )
    return lines(client.results(known).sentence, links(client, known.id))
