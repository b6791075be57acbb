"""Asking for a study: twice, at once, beyond a quota, with another's key, in trouble."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from unittest.mock import patch

import httpx

from api.dependencies import Service
from api.experiments.planning import Plan, plan
from api.studies import planning
from models.store.datasets import remove_dataset

from support.api import ApiForTests, StartService, pointers, refused
from support.asked_studies import PATH, STUDY_SPEC, over, train_experiment, with_data_sets

ONE_SEED = {**STUDY_SPEC, "seeds": {"count": 1}}
KEY = {"Idempotency-Key": "my study"}


def body(names: list[str], **changes: Any) -> dict[str, Any]:
    return {"name": "Asked", "spec": {**ONE_SEED, **changes}, "over": over(names)}


def counted(api: ApiForTests) -> tuple[int, int]:
    return len(api.get(PATH)["items"]), len(api.get("/v1/experiments")["items"])


def test_the_same_key_and_body_give_the_same_study_also_at_once(api: ApiForTests) -> None:
    names = with_data_sets(api, 2)
    together = Barrier(3)

    def post() -> httpx.Response:
        together.wait()
        return httpx.post(f"{api.url}{PATH}", json=body(names), headers=KEY, timeout=60)

    with ThreadPoolExecutor(3) as threads:
        replies = [one.result() for one in [threads.submit(post) for _ in range(3)]]
    assert [reply.status_code for reply in replies] == [202] * 3
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert counted(api) == (1, 2)
    other = api.http.post(PATH, json=body(names, steps=30), headers=KEY)
    refused(other, 422, "belongs to")
    # a key of experiments is another one
    reply = api.http.post("/v1/experiments", json={**ONE_SEED, "dataset": names[0]}, headers=KEY)
    assert reply.status_code == 202


def test_all_its_runs_together_count_in_the_quota(start_service: StartService) -> None:
    api = start_service(max_queued_runs=5)
    names = with_data_sets(api, 3)
    error = refused(api.http.post(PATH, json=body(names)), 422, "6 runs on 3 data sets")
    assert error["errors"][0]["pointer"] == "/over"
    assert api.http.post(PATH, json=body(names[:2])).status_code == 202
    reply = api.http.post(PATH, json=body(names[1:]))
    refused(reply, 429, "are queued already")
    assert int(reply.headers["retry-after"]) > 0
    assert counted(api) == (1, 2)


def test_where_one_experiment_cannot_be_stored_none_is(api: ApiForTests) -> None:
    names = with_data_sets(api, 3)

    def plan_and_delete(service: Service, document: Any, left_open: frozenset[str]) -> Plan:
        planned = plan(service, document, left_open)
        if document["dataset"] == names[2]:
            with api.database.transaction() as session:
                remove_dataset(session, names[2])
        return planned

    with patch.object(planning, "plan", plan_and_delete):
        refused(api.http.post(PATH, json=body(names), headers=KEY), 409, "has just been deleted")
    assert counted(api) == (0, 0)
    # the key was not used up
    assert api.http.post(PATH, json=body(names[:2]), headers=KEY).status_code == 202


def test_cancelling_a_study_ends_what_goes_on_and_nothing_else(api: ApiForTests) -> None:
    names = with_data_sets(api, 3)
    made = api.http.post(PATH, json=body(names)).json()
    ended, *others = (one["id"] for one in made["experiments"])
    train_experiment(api, ended, ahead=0.01)
    beside = api.http.post("/v1/experiments", json={**ONE_SEED, "dataset": names[1]}).json()
    path = f"{PATH}/{made['id']}/cancel"
    for _ in range(2):
        reply = api.http.post(path)
        assert reply.status_code == 200, reply.text
        states = [one["state"] for one in reply.json()["experiments"]]
        assert states == ["succeeded", "cancelled", "cancelled"]
    assert reply.json()["state"] == "cancelled"
    assert api.get(f"/v1/experiments/{beside['id']}")["state"] == "queued"
    # cancelled experiments go on where they were once each is retried
    assert api.http.post(f"/v1/experiments/{others[0]}/retry").is_success
    assert api.get(f"{PATH}/{made['id']}")["experiments"][1]["state"] == "queued"
    assert api.http.delete(f"/v1/experiments/{others[1]}").status_code == 204
    assert api.http.post(path).json()["experiments"][2]["state"] is None


def test_cancelling_drops_the_seeds_and_the_choice_that_were_planned(api: ApiForTests) -> None:
    names = with_data_sets(api, 2)
    until = {**STUDY_SPEC, "seeds": {"until_decided": {"min": 6, "max": 12}}}
    tuned = {**ONE_SEED, "tuning": {"grid": {"/optimizer/lr": [0.01, 0.02]}, "seeds": 1}}
    for spec in (until, tuned):
        study = {"name": "Planned", "spec": spec, "over": over(names)}
        made = api.http.post(PATH, json=study).json()
        assert api.http.post(f"{PATH}/{made['id']}/cancel").json()["state"] == "cancelled"
        for one in made["experiments"]:
            assert api.get(f"/v1/experiments/{one['id']}")["state"] == "cancelled"


def test_whoever_joins_anothers_experiment_cannot_cancel_it(start_service: StartService) -> None:
    api = start_service()
    names = with_data_sets(api, 2)
    ann, bob, admin = (api.key(scope, scope) for scope in ("submit", "submit", "admin"))
    made = api.http.post(PATH, json=body(names), headers=ann).json()
    ids = [one["id"] for one in made["experiments"]]
    joined = api.http.post(PATH, json={"name": "Mine", "experiments": ids}, headers=bob).json()
    refused(api.http.post(f"{PATH}/{made['id']}/cancel", headers=bob), 403, "was not made with")
    refused(api.http.post(f"{PATH}/{joined['id']}/cancel", headers=bob), 403, "nothing was cancel")
    assert api.http.get(f"{PATH}/{made['id']}", headers=bob).json()["state"] == "queued"
    done = api.http.post(f"{PATH}/{joined['id']}/cancel", headers=admin)
    assert done.json()["state"] == "cancelled"
    # of what has ended nothing is left to be refused
    assert api.http.post(f"{PATH}/{joined['id']}/cancel", headers=bob).status_code == 200
    audit = api.http.get("/v1/audit", headers=admin).json()["items"]
    assert [(one["action"], one["subject"]) for one in audit[1:4]] == [
        ("study_cancelled", joined["id"]),
        ("cancelled", ids[1]),
        ("cancelled", ids[0]),
    ]


def test_only_its_owner_or_an_admin_deletes_a_study(start_service: StartService) -> None:
    api = start_service()
    names = with_data_sets(api, 2)
    ann, bob, reader, admin = (
        api.key(scope, scope) for scope in ("submit", "submit", "read", "admin")
    )
    made = api.http.post(PATH, json=body(names), headers=ann).json()
    assert made["owner"] is not None
    path = f"{PATH}/{made['id']}"
    for one in ("", "/results", "/export"):
        assert api.http.get(path + one, headers=reader).status_code == 200
    refused(api.http.post(PATH, json=body(names), headers=reader), 403)
    refused(api.http.delete(path, headers=bob), 403, "was not made with this key")
    assert api.http.delete(path, headers=ann).status_code == 204
    ids = [one["id"] for one in made["experiments"]]
    # what anyone may read, anyone may join
    joined = api.http.post(PATH, json={"name": "Mine", "experiments": ids}, headers=bob).json()
    refused(api.http.delete(f"{PATH}/{joined['id']}", headers=ann), 403)
    assert api.http.delete(f"{PATH}/{joined['id']}", headers=admin).status_code == 204
    audit = api.http.get("/v1/audit", headers=admin).json()["items"]
    assert [one["action"] for one in audit[:4]] == [
        "study_deleted",
        "study_created",
        "study_deleted",
        "study_created",
    ]


def test_a_study_needs_a_name_in_one_line(api: ApiForTests) -> None:
    names = ["questions-generated", "other"]
    for name in ("", "two\nlines", "x" * 101, "turned \u202e round"):
        reply = api.http.post(PATH, json={**body(names), "name": name})
        assert (reply.status_code, pointers(reply)) == (422, ["/name"])
    for path in (f"{PATH}/std_1", f"{PATH}/exp_{'0' * 26}/results", f"{PATH}/std_1/export"):
        refused(api.http.get(path), 404, "no study has the id")
    assert pointers(api.http.get(PATH, params={"cursor": "x"})) == ["/query/cursor"]
