"""Tools `validate` and `submit`: a spec before it is a question, and as one."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult
from pydantic import Field

from api.agents.answers import ADDS, READS, Answer, lines, links, programme, shortened
from api.client import Client, DryRun

Spec = Annotated[
    dict[str, Any],
    Field(
        description="The spec of an experiment, such as "
        '{"recipe": "hard-negative-mining", "dataset": "questions-generated"}; its fields are in '
        "/openapi.json, and every mistake is told with its JSON pointer."
    ),
]
Key = Annotated[
    str | None,
    Field(description="Any text of yours: the same key and spec give the same experiment."),
]


def install(server: MCPServer, answer: Answer) -> None:
    @server.tool(annotations=READS)
    async def validate(context: Context, spec: Spec) -> CallToolResult:
        """Check a spec and say what it costs: runs, seconds, what it cannot show, and in a
        programme the level that it would get. Nothing is stored."""
        return await answer(context, lambda client: checked(client, spec))

    @server.tool(annotations=ADDS)
    async def submit(context: Context, spec: Spec, idempotency_key: Key = None) -> CallToolResult:
        """Submit a spec. Metric, margin, seeds and plan are fixed from here on; `wait` follows."""
        return await answer(context, lambda client: submitted(client, spec, idempotency_key))


def checked(client: Client, spec: dict[str, Any]) -> str:
    dry = client.dry_run(spec)
    more = dry.document
    return lines(
        f"This spec can be run: {_runs(dry)}, about {dry.estimated_seconds:.0f} s "
        f"({dry.estimate}). Nothing is stored.",
        programme(more),
        f"At least {more['seeds_needed']} seeds are needed to call anything better.",
        shortened([one["sentence"] for one in more["warnings"]]),
        shortened([one["sentence"] for one in more["fitted"]]),
    )


def _runs(dry: DryRun) -> str:
    least = dry.document["runs_at_least"]
    return f"{dry.runs} runs" if least == dry.runs else f"{least} to {dry.runs} runs"


def submitted(client: Client, spec: dict[str, Any], key: str | None) -> str:
    made = client.submit(spec, idempotency_key=key)
    decision = made.document["spec"]["decision"]
    return lines(
        f"{made.id} ({made.name}) is accepted with {len(made.runs)} runs; it is decided by "
        f"{decision['metric']} against {decision['baseline']}, with the margin "
        f"{decision['equivalence_margin']:g}.",
        programme(made.document),
        [one["sentence"] for one in made.document["warnings"]],
        "Follow it with `wait`; do not cancel it for what you see on the way.",
        links(client, made.id),
    )
