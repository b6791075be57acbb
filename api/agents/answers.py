"""How tools answer: the sentence first, then what it rests on in few lines, then links."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ToolAnnotations

from api.client import Client, Experiment, Judged, Refused, TripletlabError

Answer = Callable[[Context, Callable[[Client], str]], Awaitable[CallToolResult]]
"""Answers one call of a tool by what is asked of the client, or says why it is refused."""

READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
MOST_LINES = 40  # of one list; a longer one says how many it leaves out


def lines(*parts: str | None | Iterable[str]) -> str:
    """Return the parts as lines, without those that are empty."""
    every: list[str] = []
    for part in parts:
        every += [part] if isinstance(part, str) else list(part or ())
    return "\n".join(line for line in every if line)


def shortened(every: Sequence[str]) -> list[str]:
    left = len(every) - MOST_LINES
    return [*every[:MOST_LINES], *([f"… and {left} more"] if left > 0 else [])]


def links(client: Client, experiment: str) -> list[str]:
    own = f"{client.url}/v1/experiments/{experiment}"
    return [
        f"Page: {client.url}/#/experiments/{experiment}",
        f"All numbers: {own}/results",
        f"Report: {own}/report",
    ]


def state(experiment: Experiment) -> str:
    """Return one sentence on how far it is."""
    if experiment.ended:
        return f"{experiment.id} ({experiment.name}) has {experiment.state}."
    left = experiment.seconds_left
    time = "" if left is None else f", about {left:.0f} s left"
    waits = f"; it waits for {experiment.waiting_for}" if experiment.waiting_for else ""
    done = f"{100 * experiment.progress:.0f} % done"
    return f"{experiment.id} ({experiment.name}) is {experiment.state}: {done}{time}{waits}."


def programme(document: dict[str, Any]) -> str:
    """Return which question of its programme it is; empty without one."""
    told = document.get("programme")
    return str(told["sentence"]) if told else ""


def numbers(judged: Judged) -> str:
    """Return what a verdict rests on, in one line."""
    interval = judged.interval
    bounds = "" if interval is None else f", interval {interval[0]:.4g} to {interval[1]:.4g}"
    known = judged.mean_difference
    mean = "no pair yet" if known is None else f"{known:+.4g}{bounds}"
    return f"- {judged.a} minus {judged.b} in {judged.metric}: {mean}: {judged.verdict}"


def refusal(error: TripletlabError) -> str:
    """Return the problem as the API tells it, with the pointer of each wrong field."""
    if not isinstance(error, Refused):
        return str(error)
    wrong = [f"{one['pointer'] or 'the whole body'}: {one['detail']}" for one in error.errors]
    # the detail of wrong fields is these again
    heading = f"{error.problem['title']}:" if wrong else str(error)
    again = None if error.retry_after is None else f"Try again in {error.retry_after:g} s."
    return lines(heading, shortened(wrong), again)
