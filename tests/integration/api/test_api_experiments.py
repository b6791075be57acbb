"""Asking over HTTP: what is accepted, what is refused with which pointer, and asking twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest

from models.broker import ANY_QUEUE, CUDA_QUEUE, celery_app, waiting_messages
from models.settings import Settings
from models.store import workers

from support.api import ARMS, GENERATED, SPEC, ApiForTests, now, pointers

TINY = "question1,question2,is_duplicate\n" + "a b,c d,1\ne f,g h,0\n" * 20


def in_order(train_rows: int, test_rows: int) -> dict[str, Any]:
    return {"kind": "in_order", "train_rows": train_rows, "test_rows": test_rows}


def connected(test_rows: int, validation_fraction: float = 0.2) -> dict[str, Any]:
    sizes = {"test_rows": test_rows, "validation_fraction": validation_fraction}
    return {"kind": "connected_groups", **sizes}


def test_an_accepted_experiment_is_where_location_says(api: ApiForTests) -> None:
    reply = api.http.post("/v1/experiments", json=SPEC)
    assert reply.status_code == 202
    view = reply.json()
    assert reply.headers["location"] == f"/v1/experiments/{view['id']}"
    assert api.get(reply.headers["location"]) == {**view, "warnings": []}
    assert (view["state"], view["progress"]) == ("queued", 0.0)
    wanted = [(seed, arm) for seed in (0, 1) for arm in ("vanilla", "modified")]
    assert [(run["seed"], run["arm"]) for run in view["runs"]] == wanted
    assert view["runs"][0]["id"].startswith("run_")
    assert view["spec"]["optimizer"]["lr"] == 0.01


def test_a_stored_spec_posted_back_is_the_same_spec(api: ApiForTests) -> None:
    spec = api.submit()["spec"]
    again = api.http.post("/v1/experiments", json=spec)
    assert again.status_code == 202
    assert again.json()["spec"] == spec


def test_a_recipe_takes_changes(api: ApiForTests) -> None:
    body = {"recipe": "hard-negative-mining-small", "steps": 7, "seeds": {"list": [4]}}
    view = api.http.post("/v1/experiments", json=body).json()
    assert [(run["arm"], run["seed"], run["steps"]) for run in view["runs"]] == [
        ("vanilla", 4, 7),
        ("modified", 4, 7),
    ]


def test_a_dry_run_says_what_it_would_cost_and_stores_nothing(api: ApiForTests) -> None:
    reply = api.http.post("/v1/experiments", params={"dry_run": True}, json=SPEC)
    assert reply.status_code == 200
    guess = reply.json()
    assert guess["runs"] == 4
    assert guess["estimated_seconds"] > 0
    assert "arithmetic" in guess["estimate"]
    assert guess["spec"]["threshold"] == {"kind": "fixed", "value": 0.7}
    assert guess["baselines"]["majority"] + guess["baselines"]["collapsed"] == pytest.approx(1)
    assert api.get("/v1/experiments")["items"] == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"dataset": "absent"}, "/dataset"),
        ({"split": in_order(30_000, 10)}, "/split/train_rows"),
        ({"split": in_order(23_000, 2_000)}, "/split/test_rows"),
        ({"split": {"kind": "given"}}, "/split/kind"),
        ({"split": connected(24_000)}, "/split/test_rows"),
        ({"split": connected(1)}, "/split/test_rows"),
        ({"split": connected(400, 0.001)}, "/batch_size"),
        ({"threshold": {"kind": "validation", "value": 0.5}}, "/threshold/value"),
        ({"threshold": {"kind": "best"}}, "/threshold/kind"),
        ({"batch_size": 2048}, "/batch_size"),
        ({"batch_size": 300}, "/batch_size"),
        ({"decision": {"baseline": "absent"}}, "/decision/baseline"),
        ({"arms": [ARMS[0], {**ARMS[1], "batch_size": 2048}]}, "/arms/1/batch_size"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_its_pointer(
    api: ApiForTests, changes: dict[str, Any], pointer: str
) -> None:
    reply = api.http.post("/v1/experiments", json={**SPEC, **changes})
    assert reply.status_code == 422
    assert set(pointers(reply)) == {pointer}
    assert api.get("/v1/experiments")["items"] == []


def test_each_run_has_the_steps_of_its_arm(api: ApiForTests) -> None:
    made = api.submit(arms=[ARMS[0], {**ARMS[1], "steps": 35}], seeds={"count": 1})
    assert [(run["arm"], run["steps"]) for run in made["runs"]] == [
        ("vanilla", 20),
        ("modified", 35),
    ]
    assert made["spec"]["arms"][1]["steps"] == 35
    again = api.http.post("/v1/experiments", params={"dry_run": True}, json=made["spec"]).json()
    assert again["spec"] == made["spec"]


def test_a_batch_size_that_no_arm_trains_with_is_not_held_against_the_data(
    api: ApiForTests,
) -> None:
    small = [{**arm, "batch_size": 8} for arm in ARMS]
    assert api.submit(batch_size=8192, arms=small)["state"] == "queued"


def test_a_given_split_is_used_where_the_data_set_has_one(api: ApiForTests) -> None:
    rows = "".join(
        f"a{n},b{n},{n % 2},{part}\n" for n, part in enumerate(["train"] * 40 + ["test"] * 5)
    )
    files = {"file": ("a.csv", f"q,r,same,part\n{rows}")}
    columns = {"question1": "q", "question2": "r", "label": "same", "split": "part"}
    api.http.post("/v1/datasets", files=files, data={"name": "given", **columns})
    spec = {**SPEC, "dataset": "given", "split": {"kind": "given"}, "batch_size": 4}
    guess = api.http.post("/v1/experiments", params={"dry_run": True}, json=spec).json()
    assert guess["test_pairs"] == 5
    assert guess["baselines"] == {"majority": 0.6, "collapsed": 0.4}


def test_a_split_by_groups_tells_how_many_pairs_it_leaves_out(api: ApiForTests) -> None:
    """Twenty pairs of duplicates in a ring of pairs that are none, and others beside them."""
    ring = "".join(f"a{n},b{n},1\na{n},b{(n + 1) % 20},0\n" for n in range(20))
    others = "".join(f"x{n},y{n},0\n" for n in range(20))
    files = {"file": ("a.csv", f"question1,question2,is_duplicate\n{ring}{others}")}
    api.http.post("/v1/datasets", files=files, data={"name": "ring"})
    spec = {**SPEC, "dataset": "ring", "split": connected(15), "batch_size": 2}
    spec["threshold"] = {"kind": "validation"}
    guess = api.http.post("/v1/experiments", params={"dry_run": True}, json=spec).json()
    assert guess["spec"]["split"] == connected(15)
    assert guess["spec"]["threshold"] == {"kind": "validation"}
    assert guess["test_pairs"] == 15
    assert guess["baselines"]["collapsed"] == pytest.approx(1 / 3)
    assert 0 < guess["left_out_pairs"] < 20
    made = api.http.post("/v1/experiments", json=spec).json()
    results = api.get(f"/v1/experiments/{made['id']}/results")
    assert results["left_out_pairs"] == guess["left_out_pairs"]


def test_the_same_key_and_body_give_the_same_experiment(api: ApiForTests) -> None:
    key = {"Idempotency-Key": "a-key"}
    first = api.http.post("/v1/experiments", json=SPEC, headers=key)
    reordered = dict(reversed(SPEC.items()))
    again = api.http.post("/v1/experiments", json=reordered, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == again.headers["location"]
    assert len(api.get("/v1/experiments")["items"]) == 1


def test_the_same_key_with_another_body_is_refused(api: ApiForTests) -> None:
    key = {"Idempotency-Key": "a-key"}
    first = api.http.post("/v1/experiments", json=SPEC, headers=key).json()
    other = api.http.post("/v1/experiments", json={**SPEC, "steps": 21}, headers=key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:tripletlab:problem:key-reused"
    assert first["id"] in other.json()["detail"]


def test_many_requests_with_one_key_at_once_make_one_experiment(api: ApiForTests) -> None:
    hands = 8
    start = Barrier(hands)

    def post(_: int) -> httpx.Response:
        start.wait()
        key = {"Idempotency-Key": "raced"}
        return httpx.post(f"{api.url}/v1/experiments", json=SPEC, headers=key, timeout=60)

    with ThreadPoolExecutor(hands) as pool:
        replies = list(pool.map(post, range(hands)))
    assert [reply.status_code for reply in replies] == [202] * hands
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert len(api.get("/v1/experiments")["items"]) == 1


def test_each_run_rings_once_in_the_queue_of_its_device(
    api_settings: Settings, redis_url: str
) -> None:
    with ApiForTests(api_settings.model_copy(update={"broker_url": redis_url})) as api:
        api.submit()
        api.submit(device="cuda", seeds={"count": 1})
        assert api.http.get("/readyz").status_code == 200
    client = celery_app(redis_url)
    counts = [waiting_messages(client, queue) for queue in (ANY_QUEUE, CUDA_QUEUE)]
    client.close()
    assert counts == [4, 2]


def test_a_service_that_keeps_a_worker_says_that_it_is_starting(api_settings: Settings) -> None:
    with ApiForTests(api_settings, own_worker=True) as api:
        made = api.submit()
        assert made["waiting_for"] == "the worker, which is starting"
        with api.database.transaction() as session:
            workers.register(
                session,
                worker_id="wrk_own",
                host="h",
                pid=1,
                slots=1,
                cuda_devices=0,
                now=now(),
            )
        assert api.get(f"/v1/experiments/{made['id']}")["waiting_for"] is None


def test_a_queued_run_says_what_it_waits_for(api: ApiForTests) -> None:
    plain, cuda = api.submit(), api.submit(device="cuda")
    assert "none is alive" in plain["waiting_for"]
    assert "none is alive" in cuda["runs"][0]["waiting_for"]

    def register(name: str, devices: int) -> None:
        with api.database.transaction() as session:
            workers.register(
                session,
                worker_id=name,
                host="h",
                pid=1,
                slots=2,
                cuda_devices=devices,
                now=now(),
            )

    register("wrk_1", 0)
    assert api.get(f"/v1/experiments/{plain['id']}")["waiting_for"] is None
    assert "CUDA" in api.get(f"/v1/experiments/{cuda['id']}")["waiting_for"]
    assert api.get(f"/v1/runs/{cuda['runs'][0]['id']}")["waiting_for"] is not None
    register("wrk_2", 1)
    assert api.get(f"/v1/experiments/{cuda['id']}")["waiting_for"] is None


def test_cancelling_twice_is_cancelling_once(api: ApiForTests) -> None:
    made = api.submit()
    running = made["runs"][0]["id"]
    api.claim(running)
    for _ in range(2):
        reply = api.http.post(f"/v1/experiments/{made['id']}/cancel")
        assert reply.status_code == 200
        states = [run["state"] for run in reply.json()["runs"]]
        assert states == ["running", "cancelled", "cancelled", "cancelled"]
        assert reply.json()["runs"][0]["cancel_requested"] is True
    absent = api.http.post(f"/v1/experiments/exp_{'0' * 26}/cancel")
    assert absent.status_code == 404


def test_deleting_waits_for_the_end_and_takes_the_files_along(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    place = f"/v1/experiments/{made['id']}"
    first = made["runs"][0]["id"]
    api.train(first, accuracy=0.7)
    refused = api.http.delete(place)
    assert refused.status_code == 409
    assert api.settings.run_dir(first).is_dir()
    api.http.post(f"{place}/cancel")
    assert api.http.delete(place).status_code == 204
    assert not api.settings.run_dir(first).exists()
    assert api.http.get(place).status_code == 404
    assert api.http.get(f"/v1/runs/{first}").status_code == 404


def test_a_list_comes_in_pieces_newest_first(api: ApiForTests) -> None:
    made = [api.submit(name=f"number {n}")["id"] for n in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = api.get("/v1/experiments", **params)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_a_list_is_filtered_by_state_data_set_and_name(api: ApiForTests) -> None:
    api.http.post("/v1/datasets", files={"file": ("t.csv", TINY)}, data={"name": "tiny"})
    one = api.submit(name="The tiny one", dataset="tiny", split=in_order(30, 10), batch_size=2)
    two = api.submit(name="The other")
    api.http.post(f"/v1/experiments/{two['id']}/cancel")

    def found(**filters: str) -> list[str]:
        return [item["id"] for item in api.get("/v1/experiments", **filters)["items"]]

    assert found(state="queued") == [one["id"]]
    assert found(state="cancelled") == [two["id"]]
    assert found(dataset=GENERATED) == [two["id"]]
    assert found(name="tiny") == [one["id"]]
    assert found(name="the", state="succeeded") == []
    item = api.get("/v1/experiments", state="cancelled")["items"][0]
    assert (item["state"], item["runs"]["cancelled"]) == ("cancelled", 4)
