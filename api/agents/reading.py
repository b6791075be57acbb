"""Tools `wait` and `results`: how far an experiment is, and what it says."""

import time
from typing import Annotated

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import CallToolResult
from pydantic import Field

from api.agents.answers import READS, Answer, lines, links, numbers, programme, shortened, state
from api.client import HOLD, TIMEOUT, Client, Experiment
from api.finding.named_ids import experiment_id

LONGEST = 50.0
"""Seconds that one call waits at most: clients give up after a minute."""
PAUSE = 0.5  # seconds: a step ends every few milliseconds, and nobody reads that fast
NOT_MODIFIED = 304

Id = Annotated[
    str, Field(description="The id of an experiment: exp_…, its beginning, or `latest`.")
]
Seconds = Annotated[float, Field(ge=0, le=LONGEST, description="How long to wait at most.")]


def install(server: MCPServer, answer: Answer) -> None:
    @server.tool(annotations=READS)
    async def wait(context: Context, experiment: Id, seconds: Seconds = 30.0) -> CallToolResult:
        """Wait until an experiment has ended, for at most 50 seconds; then say its verdict, or how
        far it is. Call it again while it goes on."""
        return await answer(context, lambda client: waited(client, experiment, seconds))

    @server.tool(annotations=READS)
    async def results(context: Context, experiment: Id) -> CallToolResult:
        """Say what an experiment shows: the verdict in words, and what it rests on."""
        return await answer(context, lambda client: told(client, experiment))


def waited(client: Client, experiment: str, seconds: float) -> str:
    experiment = experiment_id(client, experiment)
    current = _followed(client, experiment, seconds)
    if current.ended:
        return told(client, experiment)
    return lines(state(current), links(client, experiment)[:1])


def _followed(client: Client, experiment: str, seconds: float) -> Experiment:
    """Return its state once it has ended, or after so many seconds."""
    path, end = f"/v1/experiments/{experiment}", time.monotonic() + seconds
    reply = client.request("GET", path)
    current = Experiment.of(reply.json())
    while not current.ended and (left := end - time.monotonic()) > 0:
        time.sleep(min(PAUSE, left))
        held = {"wait": min(HOLD, max(left - PAUSE, 0))}
        known = {"If-None-Match": reply.headers["etag"]}
        reply = client.request("GET", path, params=held, headers=known, timeout=HOLD + TIMEOUT)
        if reply.status_code != NOT_MODIFIED:
            current = Experiment.of(reply.json())
    return current


def told(client: Client, experiment: str) -> str:
    experiment = experiment_id(client, experiment)
    found = client.results(experiment)
    going_on = "" if found.complete else state(client.experiment(experiment))
    runs = zip(found.runs.get("run", []), found.runs.get("state", []), strict=True)
    failed = [run for run, reached in runs if reached == "failed"]
    return lines(
        found.sentence,
        programme(found.document) if not found.sentence else "",
        going_on,
        shortened([numbers(one) for one in found.decisions]),
        f"{len(failed)} runs failed, the first of them {failed[0]}." if failed else "",
        links(client, experiment),
    )
