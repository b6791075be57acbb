"""Tools `compare` and `referee`: two stored arms, and runs that were trained elsewhere."""

from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult
from pydantic import Field

from api.agents.answers import READS, Answer, lines, numbers
from api.client import Client
from api.finding.named_ids import arm_of

Arm = Annotated[
    str, Field(description="An arm as EXPERIMENT/ARM, such as exp_…/vanilla or latest/vanilla.")
]
Values = Annotated[
    dict[str, float], Field(description="Seed -> value of the metric, of every run of the arm.")
]
Metric = Annotated[str | None, Field(description="By default that of the experiment.")]
Margin = Annotated[float | None, Field(description="Smaller differences do not matter.")]
Confidence = Annotated[float | None, Field(description="Such as 0.95.")]
Rising = Annotated[
    bool | None, Field(description="By default the name of the metric says it: losses are not.")
]


def install(server: MCPServer, answer: Answer) -> None:
    @server.tool(annotations=READS)
    async def compare(
        context: Context,
        a: Arm,
        b: Arm,
        metric: Metric = None,
        margin: Margin = None,
        confidence: Confidence = None,
    ) -> CallToolResult:
        """Compare two stored arms over the seeds that they share. Across experiments this was
        chosen after the results were known, so it is secondary whatever it says."""

        def asked(client: Client) -> str:
            arms = arm_of(client, a), arm_of(client, b)
            found = client.compare(*arms, metric=metric, margin=margin, confidence=confidence)
            where = f"All numbers: {client.url}/v1/comparisons"
            return lines(found.sentence, numbers(found), where)

        return await answer(context, asked)

    @server.tool(annotations=READS)
    async def referee(
        context: Context,
        a: Values,
        b: Values,
        metric: Annotated[str, Field(description="What the values are, in one word.")] = "value",
        margin: Margin = None,
        confidence: Confidence = None,
        higher_is_better: Rising = None,
        a_name: str = "a",
        b_name: str = "b",
    ) -> CallToolResult:
        """Compare runs that were trained elsewhere, by paired seeds; nothing is stored. Give every
        run of both arms, not the best ones, and the margin that you declared before."""

        def asked(client: Client) -> str:
            found = client.compare(
                a,
                b,
                metric=metric,
                margin=margin,
                confidence=confidence,
                higher_is_better=higher_is_better,
                names=(a_name, b_name),
            )
            return lines(found.sentence, numbers(found))

        return await answer(context, asked)
