"""`?wait=`: a reply is held until something changed, and no change is missed in between."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.dependencies import Service
from api.experiments import changed_view
from api.experiments.views import ExperimentView
from api.live import change_watch
from api.live.change_watch import Watch
from models.store.run_life import runs

from support.api import ApiForTests, now

LONG = 60


def waiting(
    pool: ThreadPoolExecutor, api: ApiForTests, made: dict[str, Any], tag: str
) -> Future[Any]:
    return pool.submit(
        httpx.get,
        f"{api.url}/v1/experiments/{made['id']}",
        params={"wait": LONG},
        headers={"If-None-Match": tag},
        timeout=2 * LONG,
    )


def tag_of(api: ApiForTests, made: dict[str, Any]) -> str:
    return api.http.get(f"/v1/experiments/{made['id']}").headers["etag"]


def test_without_a_change_the_tag_gives_304(api: ApiForTests) -> None:
    made = api.submit()
    place = f"/v1/experiments/{made['id']}"
    tag = tag_of(api, made)
    for wait in (0, 0.3):
        reply = api.http.get(place, params={"wait": wait}, headers={"If-None-Match": tag})
        assert (reply.status_code, reply.headers["etag"], reply.content) == (304, tag, b"")
    assert api.http.get(place, params={"wait": 0.3}).status_code == 200


def test_a_change_between_two_calls_is_seen_at_once(api: ApiForTests) -> None:
    made = api.submit()
    tag = tag_of(api, made)
    api.claim(made["runs"][0]["id"])
    reply = api.http.get(
        f"/v1/experiments/{made['id']}", params={"wait": LONG}, headers={"If-None-Match": tag}
    )
    assert reply.status_code == 200
    assert reply.headers["etag"] != tag
    assert reply.json()["runs"][0]["state"] == "running"


def test_a_held_reply_comes_with_a_state_and_with_a_step(api: ApiForTests) -> None:
    made = api.submit()
    run_id = made["runs"][0]["id"]
    with ThreadPoolExecutor(1) as pool:
        held = waiting(pool, api, made, tag_of(api, made))
        attempt = api.claim(run_id)
        reply = held.result()
        assert reply.json()["runs"][0]["state"] == "running"
        held = waiting(pool, api, made, reply.headers["etag"])
        with api.database.transaction() as session:
            runs.advance(session, run_id, attempt, 5, now())
        assert held.result().json()["runs"][0]["step"] == 5


def test_an_ended_experiment_is_not_waited_for(api: ApiForTests) -> None:
    made = api.submit()
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    tag = tag_of(api, made)
    reply = api.http.get(
        f"/v1/experiments/{made['id']}", params={"wait": LONG}, headers={"If-None-Match": tag}
    )
    assert reply.status_code == 304


def test_more_waiting_clients_than_threads_leave_the_service_free(api: ApiForTests) -> None:
    clients = 60  # the thread pool of the server has 40
    made = api.submit()
    tag = tag_of(api, made)
    with ThreadPoolExecutor(clients) as pool:
        held = [waiting(pool, api, made, tag) for _ in range(clients)]
        other = api.submit()
        assert api.get(f"/v1/experiments/{other['id']}")["state"] == "queued"
        assert not any(reply.done() for reply in held)
        api.http.post(f"/v1/experiments/{made['id']}/cancel")
        assert {reply.result().json()["state"] for reply in held} == {"cancelled"}


def test_a_service_that_stops_lets_waiting_clients_go(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.submit()
    tag, was_read, read = tag_of(api, made), threading.Event(), changed_view._read

    def noticed(service: Service, experiment_id: str) -> ExperimentView:
        was_read.set()
        return read(service, experiment_id)

    monkeypatch.setattr(changed_view, "_read", noticed)
    with ThreadPoolExecutor(1) as pool:
        held = waiting(pool, api, made, tag)
        assert was_read.wait(LONG)
        api.thread.stop()
        assert held.result().status_code in (200, 304)


def test_many_who_wait_for_one_experiment_cost_few_reads(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_watch, "MAX_AGE_SECONDS", 3600.0)
    made = api.submit()
    tag, read, reads, clients = tag_of(api, made), changed_view._read, [], 20

    def counted(service: Service, experiment_id: str) -> ExperimentView:
        reads.append(experiment_id)
        return read(service, experiment_id)

    def noted(*given: Any) -> Watch[Any]:
        watches.append(Watch(*given))
        return watches[-1]

    watches: list[Watch[Any]] = []
    monkeypatch.setattr(change_watch, "Watch", noted)
    monkeypatch.setattr(changed_view, "_read", counted)
    with ThreadPoolExecutor(clients) as pool:
        held = [waiting(pool, api, made, tag) for _ in range(clients)]
        while sum(watch.users for watch in watches) < clients:
            time.sleep(0.05)
        time.sleep(1)
        assert not any(reply.done() for reply in held)
        idle = len(reads)
        assert idle <= clients + 1  # of those who came, and none while nothing happens
        api.claim(made["runs"][0]["id"])
        assert {reply.result().status_code for reply in held} == {200}
    assert len(reads) - idle <= 2


def test_one_who_looked_closely_is_never_told_of_the_time_before(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 6})
    place = f"/v1/experiments/{made['id']}"
    with ThreadPoolExecutor(8) as pool:  # others wait, so that looks are shared
        others = [waiting(pool, api, made, tag_of(api, made)) for _ in range(8)]
        for number, run in enumerate(made["runs"], start=1):
            api.claim(run["id"])
            tag = api.http.get(place).headers["etag"]
            reply = api.http.get(place, params={"wait": 0.2}, headers={"If-None-Match": tag})
            assert reply.status_code == 304, f"told of less than {number} claims"
        assert {reply.result().status_code for reply in others} == {200}
