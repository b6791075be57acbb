"""The tools for agents at `/mcp`: they say what `/v1` says, and do no more than the key may."""

import sys
from typing import Any

import httpx
import pytest

from support.agents import Agent, over_http
from support.api import SPEC, ApiForTests, StartService, refused
from support.ended_experiments import train

INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
TOOLS = {
    "recipes", "validate", "submit", "wait", "results", "compare", "referee", "noise_floor",
}  # fmt: skip


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def initialized(api: ApiForTests, **headers: str) -> httpx.Response:
    accepted = {"Accept": "application/json, text/event-stream", **headers}
    return api.http.post("/mcp", json=INITIALIZE, headers=accepted)


def test_the_tools_are_listed_with_what_they_do(api: ApiForTests) -> None:
    async def talk(agent: Agent) -> None:
        tools = (await agent.client.list_tools()).tools
        assert {tool.name for tool in tools} == TOOLS
        reading = {one.name for one in tools if one.annotations and one.annotations.read_only_hint}
        assert reading == TOOLS - {"submit", "noise_floor"}
        assert all(tool.description for tool in tools)

    over_http(api.url, talk)


def test_an_agent_gets_from_nothing_to_a_verdict(api: ApiForTests) -> None:
    spec = {**SPEC, "seeds": {"count": 10}, "programme": "an agent's"}

    async def asks(agent: Agent) -> str:
        assert "hard-negative-mining-small" in await agent.ask("recipes")
        cost = await agent.ask("validate", spec={**spec, "programme": "search"})
        assert cost.startswith("This spec can be run: 20 runs, about ")
        assert "1st question of the programme 'search', level 0.00625." in cost
        assert "At least 9 seeds are needed to call anything better." in cost
        told = await agent.ask("submit", spec={**spec, "programme": "search"}, idempotency_key="1")
        assert "is accepted with 20 runs; it is decided by test.accuracy against vanilla" in told
        assert "1st question of the programme 'search', level 0.00625." in told
        made = told.split(" ")[0]
        assert f"Page: {api.url}/#/experiments/{made}" in told
        assert f"{made} (A small question) is queued: 0 % done" in await agent.ask(
            "wait", experiment=made, seconds=1
        )
        return made

    made = over_http(api.url, asks)
    for run in api.get(f"/v1/experiments/{made}")["runs"]:
        train(api, run)

    async def hears(agent: Agent) -> None:
        verdict = await agent.ask("wait", experiment=made, seconds=5)
        assert verdict.startswith(
            "modified does better than vanilla, with the higher test accuracy"
        )
        assert f"All numbers: {api.url}/v1/experiments/{made}/results" in verdict
        assert await agent.ask("results", experiment=made) == verdict
        a, b = f"{made}/modified", f"{made}/vanilla"
        compared = await agent.ask("compare", a=a, b=b)
        assert "a_better" in compared
        for named in ("latest", made[:-3], made.removeprefix("exp_")[:-3]):
            assert await agent.ask("results", experiment=named) == verdict
            arms = {side: f"{named}/{arm}" for side, arm in (("a", "modified"), ("b", "vanilla"))}
            assert await agent.ask("compare", **arms) == compared
        assert "'exp_zz', or begins so" in await agent.refused("wait", experiment="exp_zz")

    over_http(api.url, hears)


def test_a_spec_that_peeks_is_refused_with_the_reason(api: ApiForTests) -> None:
    tuning = {"grid": {"/optimizer/lr": [0.01, 0.03]}, "seeds": 2, "choose_by": "test.accuracy"}

    async def talk(agent: Agent) -> None:
        for tool in ("validate", "submit"):
            told = await agent.refused(tool, spec={**SPEC, "tuning": tuning})
            assert "/tuning/choose_by: " in told
            assert "test" in told.partition("/tuning/choose_by: ")[2]
        listed = api.get("/v1/experiments")["items"]
        assert listed == []

    over_http(api.url, talk)


def test_a_verdict_that_was_cancelled_for_is_none(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 12}, programme="search")
    for run in made["runs"][:20]:
        train(api, run)
    api.http.post(f"/v1/experiments/{made['id']}/cancel")

    async def talk(agent: Agent) -> None:
        told = await agent.ask("results", experiment=made["id"])
        assert "whoever stops at a lucky moment is misled" in told
        assert "better" not in told.partition("Page:")[0].replace("better:", "")

    over_http(api.url, talk)


def test_mistakes_are_told_with_their_pointers(api: ApiForTests) -> None:
    async def talk(agent: Agent) -> None:
        told = await agent.refused("submit", spec={**SPEC, "batch_size": 1, "stepz": 3})
        assert told.startswith("Some fields are wrong:\n/batch_size: ")
        assert "/stepz: unknown key; is 'steps' meant?" in told
        assert "there is no experiment" in await agent.refused(
            "results", experiment="exp_01kax1fbk0s5nq3m6r9t2v4w6y"
        )
        assert "50" in await agent.refused("wait", experiment="exp_", seconds=1000)

    over_http(api.url, talk)


def test_runs_from_elsewhere_are_refereed(api: ApiForTests) -> None:
    a = {str(seed): 0.8 + 0.001 * seed for seed in range(8)}
    b = {str(seed): 0.7 + 0.002 * (seed % 3) for seed in range(8)}

    async def talk(agent: Agent) -> None:
        told = await agent.ask("referee", a=a, b=b, metric="accuracy", margin=0.001, a_name="mine")
        assert told.startswith("mine does better than b")

    over_http(api.url, talk)


def test_the_noise_floor_is_asked_once_and_then_read(api: ApiForTests) -> None:
    async def talk(agent: Agent) -> None:
        for _ in "ab":
            told = await agent.ask("noise_floor", dataset=SPEC["dataset"])
            assert told.startswith("The noise floor of questions-generated is being measured.")
        assert len(api.get("/v1/experiments")["items"]) == 1

    over_http(api.url, talk)


def test_a_key_that_may_only_read_reads_and_submits_nothing(api: ApiForTests) -> None:
    reader = api.key("read")

    async def talk(agent: Agent) -> None:
        assert "recipes" in await agent.ask("recipes")
        for tool in ("validate", "submit"):  # as a dry run at /v1
            told = await agent.refused(tool, spec=SPEC)
            assert "may only read; this needs one with the scope submit" in told

    over_http(api.url, talk, reader)
    assert api.http.get("/v1/experiments", headers=reader).json()["items"] == []


def test_what_is_refused_at_v1_is_refused_at_the_door(api: ApiForTests) -> None:
    assert initialized(api).status_code == 200
    refused(initialized(api, Origin="https://elsewhere.example"), 403, "pages of other sites")
    refused(initialized(api, Host="rebound.example"), 401)
    api.key("read")
    refused(initialized(api), 401, "send an API key")
    refused(initialized(api, Authorization="Bearer tl_unknown"), 401, "unknown or was revoked")


def test_the_door_without_the_sdk_says_what_to_install(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    refused(initialized(api), 501, "pip install 'tripletlab[mcp]'")


def test_agents_are_told_how_to_work_here_without_a_key(api: ApiForTests) -> None:
    api.key("read")
    guide = api.http.get("/llms.txt")
    assert guide.headers["content-type"].startswith("text/plain")
    for path in ("/client/SKILL.md", "/client/tripletlab.py", "/openapi.json"):
        assert f"]({path})" in guide.text
        assert api.http.get(path).status_code == 200
    skill = api.http.get("/client/SKILL.md")
    assert skill.headers["content-type"].startswith("text/markdown")
    for tool in sorted(TOOLS - {"recipes", "results"}):
        assert tool in skill.text
