"""An agent asks a service as it is started, with a real worker, and gets a verdict: over HTTP at
`/mcp`, and over stdio through `tripletlab mcp`."""

from collections.abc import Iterator
from typing import Any

import pytest

from support.agents import Agent, over_http, over_stdio
from support.commands import PATIENCE, environment
from support.serving import Served
from support.tiny_recipe import TINY_RECIPE

TINY: dict[str, Any] = {
    **TINY_RECIPE,
    "seeds": {"count": 6},
    # so wide that whatever comes out lies inside it
    "decision": {"equivalence_margin": 0.9},
    "programme": "agents",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    service = Served(tmp_path_factory.mktemp("served"))
    yield service
    service.process.terminate()
    service.process.wait()


async def _asks_and_waits(agent: Agent) -> str:
    """From nothing to the verdict, in one conversation."""
    assert "hard-negative-mining-small" in await agent.ask("recipes")
    assert "This spec can be run: 12 runs" in await agent.ask("validate", spec=TINY)
    told = await agent.ask("submit", spec=TINY)
    made = told.split(" ")[0]
    for _ in range(int(PATIENCE / 10)):
        told = await agent.ask("wait", experiment=made, seconds=10)
        if not told.startswith(made):
            break
    return told


@pytest.mark.timeout(4 * PATIENCE)  # a worker's processes start slowly on a busy machine
def test_an_agent_gets_a_verdict_over_http_and_over_stdio(served: Served) -> None:
    first = over_http(served.url, _asks_and_waits)
    second = over_stdio(served.url, _asks_and_waits, environment())
    for told, question in ((first, "1st"), (second, "2nd")):
        assert "are equivalent in test accuracy within the margin 0.9 over 6 seeds" in told
        assert f"This is the {question} question of the programme 'agents'" in told
