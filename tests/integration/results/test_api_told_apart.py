"""The sources of one arm's noise told apart: planned, refused, and in results, list, report and
pictures, from the metrics of its runs."""

import math
from typing import Any

import pytest

from support.api import ARMS, SPEC, ApiForTests, pointers

ALL = ["initial_weights", "batch_order", "training_rows"]
APART = {"count": 4, "vary": ALL, "tell_apart": True}
NAMES = ["vanilla", "other initial weights", "other batch order", "other training rows"]
MOVES = {
    "vanilla": (0.0, 0.0, 0.0, 0.0),
    "other initial weights": (0.002, -0.003, 0.001, 0.004),
    "other batch order": (0.001, 0.0, -0.001, 0.001),
    "other training rows": (0.006, -0.007, 0.009, -0.005),
}


def accuracy(arm: str, seed: int) -> float:
    return 0.73 + 0.004 * (seed % 3) + MOVES[arm][seed]


def submit(api: ApiForTests, **changes: Any) -> Any:
    return api.submit(**{"arms": ARMS[:1], "seeds": APART, **changes})


def results(api: ApiForTests, made: Any) -> Any:
    return api.get(f"/v1/experiments/{made['id']}/results")


def test_a_dry_run_plans_a_run_of_each_source_under_each_seed(api: ApiForTests) -> None:
    body: dict[str, Any] = {"recipe": "sources-of-variation", "seeds": {"count": 5}}
    planned = api.http.post("/v1/experiments", json=body, params={"dry_run": True}).json()
    assert (planned["runs"], planned["seeds_needed"], planned["effects"]) == (20, 6, [])
    assert [arm["name"] for arm in planned["spec"]["arms"]] == NAMES
    sources = planned["seed_sources"]
    assert (sources["varied"], sources["told_apart"]) == (ALL, True)
    assert "Under each seed 3 more runs tell the sources apart" in sources["sentence"]
    again = api.http.post("/v1/experiments", json=planned["spec"], params={"dry_run": True})
    assert again.json()["spec"] == planned["spec"], "the stored spec asks the same question"


def test_what_cannot_be_told_apart_is_refused_at_its_place(api: ApiForTests) -> None:
    factors = [{"name": "f", "levels": [{"name": "a"}, {"name": "b", "steps": 30}]}]
    redrawn = {**ARMS[0], "name": "other batch order"}
    until = {"until_decided": {}, "vary": ALL, "tell_apart": True}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"arms": ARMS}, "/arms", "the sources of one arm are told apart; leave the others"),
        ({"seeds": {**APART, "vary": ALL[:1]}}, "/seeds/tell_apart", "only initial_weights is"),
        ({"seeds": until}, "/seeds/tell_apart", "and there is until_decided"),
        ({"tuning": {"grid": {"/loss/margin": [0.1, 0.2]}}}, "/seeds/tell_apart", "is tuning"),
        ({"arms": [redrawn]}, "/arms/0/name", "in which a source is drawn anew has this name"),
        ({"decision": {"baseline": NAMES[1]}}, "/decision/baseline", "is vanilla; leave this out"),
        (
            {"arms": None, "factors": factors, "loss": ARMS[0]["loss"]},
            "/seeds/tell_apart",
            "there is factors",
        ),
    ]
    for changes, pointer, said in cases:
        spec = {**SPEC, "arms": ARMS[:1], "seeds": APART, **changes}
        spec = {name: part for name, part in spec.items() if part is not None}
        reply = api.http.post("/v1/experiments", json=spec, params={"dry_run": True})
        assert pointers(reply) == [pointer], (changes, reply.text)
        assert said in reply.json()["detail"]


def test_the_sources_are_what_the_metrics_of_the_runs_give(api: ApiForTests) -> None:
    made = submit(api)
    assert [(run["seed"], run["arm"]) for run in made["runs"][:5]] == [
        *((0, name) for name in NAMES),
        (1, "vanilla"),
    ]
    early = results(api, made)["seed_sources"]
    assert early["sentence"].startswith("0 of 4 planned seeds so far are too few to tell what")
    assert {one["sd"] for one in early["sources"]} == {None}
    for run in made["runs"]:
        api.train(run["id"], accuracy=accuracy(run["arm"], run["seed"]))
    document = results(api, made)
    measured = {
        arm["name"]: {run["seed"]: run["metrics"]["test.accuracy"] for run in arm["runs"]}
        for arm in document["arms"]
    }
    found = document["seed_sources"]
    order = ["training_rows", "initial_weights", "batch_order"]
    assert [one["source"] for one in found["sources"]] == order
    for one in found["sources"]:
        own, base = measured[one["arm"]], measured["vanilla"]
        assert one["arm"] == f"other {one['source'].replace('_', ' ')}"
        total = sum((own[seed] - base[seed]) ** 2 for seed in range(4))
        assert one["sd"] == pytest.approx(math.sqrt(total / 8))
        assert one["summary"]["n"] == len(one["pairs"]) == 4
    assert (found["arm"], found["n"], found["held"]) == ("vanilla", 4, [])
    assert found["sd"] == document["noise_floor"]["sd"]
    assert document["noise_floor"]["arm"] == "vanilla"
    assert document["comparisons"] == document["effects"] == []
    assert document["waiting_times"]["matched_loss"]["comparisons"] == []
    (listed,) = api.get("/v1/experiments")["items"]
    assert (listed["verdicts"], listed["noise_floor"]["n"]) == ([], 4)

    path = f"/v1/experiments/{made['id']}"
    report = api.http.get(f"{path}/report").text
    assert found["sentence"] in report
    assert "What makes runs differ" in report
    assert "<h2>Verdict</h2>" not in report
    picture = api.http.get(f"{path}/figures/comparison")
    assert picture.status_code == 200, picture.text
    assert "all together" in picture.text
    sides = {"a": f"{made['id']}/{NAMES[3]}", "b": f"{made['id']}/vanilla"}
    assert api.get("/v1/comparisons", **sides)["role"] == "secondary", "nobody asked for it before"
