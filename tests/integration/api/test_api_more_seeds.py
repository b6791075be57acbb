"""Adding seeds over HTTP: what is told beforehand, what is done, and what is refused with a way."""

from typing import Any

import pytest

from models.store import interim_looks

from support.api import SPEC, ApiForTests, StartService, now, pointers
from support.commands import tripletlab

SEEDS = {"until_decided": {"min": 6, "max": 10, "looks": [6, 8, 10]}}


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    """The store's own tests run on both kinds of database."""
    return start_service()


def train_all(api: ApiForTests, made: dict[str, Any], swing: float = 0.02) -> None:
    """Carry out every queued run: `modified` is now above, now below."""
    for run in api.runs(made["id"]):
        if run.state == "queued":
            more = swing * (-1) ** run.seed if run.arm == "modified" else 0.0
            api.train(run.id, accuracy=0.7 + more)


def look(api: ApiForTests, made: dict[str, Any]) -> int:
    with api.database.transaction() as session:
        return len(interim_looks.take_due_look(session, made["id"], now()))


def futile(api: ApiForTests) -> dict[str, Any]:
    """An experiment that its first look ended, since the last would most likely decide nothing."""
    made = api.submit(seeds=SEEDS, decision={"equivalence_margin": 0.001})
    train_all(api, made)
    assert look(api, made) == 0
    return made


def place(made: dict[str, Any]) -> str:
    return f"/v1/experiments/{made['id']}/seeds"


def test_what_can_be_added_is_told_beforehand_and_then_added(api: ApiForTests) -> None:
    made = futile(api)
    told = api.get(place(made))
    assert (told["count"], told["counts"], told["most"]) == (6, [8, 10], None)
    assert "up to a planned look: to 8 or 10" in told["sentence"]
    added = api.http.post(place(made), json={"count": 8})
    assert added.status_code == 202
    view = added.json()
    assert view["state"] == "running"
    assert view["progress"] == pytest.approx(12 / 16)
    assert [one["state"] for one in view["plan"]] == ["taken", "planned", "dropped"]
    assert [one["asked_at"] is not None for one in view["plan"]] == [False, True, False]
    assert len(view["runs"]) == 16
    entry = api.get("/v1/audit")["items"][0]
    assert (entry["action"], entry["subject"]) == ("seeds_added", made["id"])
    again = api.http.post(place(made), json={"count": 8}).json()
    assert len(again["runs"]) == 16
    train_all(api, made)
    assert look(api, made) == 0
    document = api.get(f"/v1/experiments/{made['id']}/results")
    assert document["complete"]
    (first,) = [one for one in document["comparisons"] if one["role"] == "primary"]
    assert "This is look 2 of 3, planned at 8 seeds" in first["sentence"]
    assert "Seeds up to it were asked for after an earlier look had stopped" in first["sentence"]
    assert [one["state"] for one in document["plan"]] == ["taken", "taken", "dropped"]
    assert api.get(place(made))["counts"] == [10]


def test_seeds_of_a_known_verdict_are_refused_with_the_way_that_is_open(
    api: ApiForTests,
) -> None:
    made = api.submit(seeds={"count": 6})
    goes_on = api.http.post(place(made), json={"count": 12}).json()["detail"]
    assert goes_on == api.get(place(made))["sentence"], "it may yet say what was asked"
    train_all(api, made)
    told = api.get(place(made), fresh=9)
    assert (told["count"], told["counts"], told["most"]) == (6, [], None)
    refused = api.http.post(place(made), json={"count": 12})
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith(told["sentence"])
    assert f"tripletlab add-seeds {made['id']} --fresh" in refused.json()["detail"]
    fresh = api.http.post("/v1/experiments", json=told["fresh"]).json()
    assert fresh["spec"]["seeds"]["list"] == list(range(6, 15))
    same = {"name", "seeds"}
    old, new = (
        {name: value for name, value in one["spec"].items() if name not in same}
        for one in (made, fresh)
    )
    assert old == new
    assert fresh["name"].endswith(", fresh seeds")


def test_one_arm_is_given_seeds_and_its_noise_floor_rests_on_all(api: ApiForTests) -> None:
    made = api.submit(arms=SPEC["arms"][:1], seeds={"count": 3})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
    view = api.http.post(place(made), json={"count": 5}).json()
    assert view["spec"]["seeds"]["count"] == 5
    for run in view["runs"][3:]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
    floor = api.get(f"/v1/experiments/{made['id']}/results")["noise_floor"]
    assert floor["n"] == 5


def test_wrong_numbers_are_refused_at_their_place(api: ApiForTests) -> None:
    made = futile(api)
    for wrong in ({"count": 9}, {"count": 0}, {"count": 1001}, {"count": "8"}):
        assert pointers(api.http.post(place(made), json=wrong)) == ["/count"]
    assert pointers(api.http.post(place(made), json={"count": 8, "looks": 1})) == ["/looks"]
    assert pointers(api.http.get(place(made), params={"fresh": 0})) == ["/query/fresh"]


def test_added_seeds_count_for_steps_and_queue(start_service: StartService) -> None:
    api = start_service(max_queued_runs=12, max_total_steps=100)
    made = api.submit(arms=SPEC["arms"][:1], seeds={"count": 2}, steps=10)
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    too_long = api.http.post(place(made), json={"count": 11})
    assert pointers(too_long) == ["/count"]
    assert "110 steps" in too_long.json()["errors"][0]["detail"]
    other = api.submit(arms=SPEC["arms"][:1], seeds={"count": 10}, steps=10)
    full = api.http.post(place(made), json={"count": 8})
    assert full.status_code == 429
    assert len(api.get(f"/v1/experiments/{other['id']}")["runs"]) == 10


def test_the_command_tells_adds_and_asks_again(api: ApiForTests) -> None:
    made = futile(api)
    told = tripletlab("add-seeds", made["id"], "--url", api.url)
    assert "up to a planned look: to 8 or 10" in told.stdout
    assert len(api.runs(made["id"])) == 12
    added = tripletlab("add-seeds", made["id"], "--to", "8", "--url", api.url)
    assert added.stdout == f"{made['id']}: running, 8 seeds\n"
    fixed = api.submit(seeds={"count": 2})
    refused = tripletlab("add-seeds", fixed["id"], "--to", "8", "--url", api.url)
    assert refused.returncode == 1
    assert "fixed before its first run" in refused.stderr
    fresh = tripletlab("add-seeds", fixed["id"], "--fresh", "7", "--url", api.url)
    view = api.get(f"/v1/experiments/{fresh.stdout.strip()}")
    assert view["spec"]["seeds"]["list"] == [*range(8, 15)]
