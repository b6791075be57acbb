"""Webhooks from a registration to what a real HTTP server hears, on both databases."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from api.client import verify_signature
from models.settings import Settings
from models.states import RunState
from models.store import interim_looks
from models.store.access import keys
from models.store.run_life import runs
from models.store.tables import Delivery
from models.store.webhooks import deliveries, webhooks
from worker.webhooks.sender import AT_ONCE, BACKOFF, MOST_OF_ONE, deliver_due

from support.api import SPEC, now, refused
from support.receivers import Receiver
from support.webhooks import deliver, end, register, told
from support.workers import wait_until


def test_a_receiver_that_fails_twice_hears_the_third_time(hooked: Any) -> None:
    api, receiver = hooked(500, 503)
    hook = register(api, receiver.url)
    made = api.submit()
    end(api, made)
    deliver(api)
    assert len(receiver.heard) == 3
    assert {heard.path for heard in receiver.heard} == {"/hook?token=hunter2"}
    assert len({heard.body for heard in receiver.heard}) == 1
    identities = [heard.headers["Tripletlab-Event"] for heard in receiver.heard]
    assert len(set(identities)) == 1  # by which the second and third are known as one
    for attempt, heard in enumerate(receiver.heard, start=1):
        header = heard.headers["Tripletlab-Signature"]
        assert verify_signature(hook["secret"], header, heard.body)
        assert not verify_signature("whsec_other", header, heard.body)
        assert heard.headers["Tripletlab-Attempt"] == str(attempt)
        assert heard.headers["Host"] == receiver.place
    assert receiver.heard[0].document == {
        "id": identities[0],
        "type": "experiment.succeeded",
        "created_at": receiver.heard[0].document["created_at"],
        "experiment": {
            "id": made["id"],
            "name": made["name"],
            "state": "succeeded",
            "runs": {"succeeded": 4},
            "results": f"/v1/experiments/{made['id']}/results",
        },
    }
    (one,) = told(api, hook)
    assert (one["attempt"], one["status"], one["reason"], one["due_at"]) == (3, 204, None, None)
    assert one["delivered_at"]


def test_nothing_is_told_before_the_end_and_the_end_once(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url)
    made = api.submit()
    for run in made["runs"][:3]:
        api.train(run["id"], accuracy=0.7)
    deliver(api)
    assert receiver.heard == []
    api.train(made["runs"][3]["id"], accuracy=0.7)
    for _ in range(2):
        api.http.post(f"/v1/experiments/{made['id']}/cancel")  # after the end: no second end
        deliver(api)
    assert [heard.document["type"] for heard in receiver.heard] == ["experiment.succeeded"]


def test_a_webhook_hears_of_the_ends_that_it_asked_for(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url, events=["experiment.failed", "experiment.cancelled"])
    end(api, api.submit())
    cancelled, failed = api.submit(), api.submit()
    api.http.post(f"/v1/experiments/{cancelled['id']}/cancel")
    for run in failed["runs"]:
        attempt = api.claim(run["id"])
        with api.database.transaction() as session:
            runs.finish(session, run["id"], attempt, RunState.FAILED, reason="why", now=now())
    deliver(api)
    heard = {one.document["experiment"]["id"]: one.document["type"] for one in receiver.heard}
    assert heard == {
        cancelled["id"]: "experiment.cancelled",
        failed["id"]: "experiment.failed",
    }


def test_seeds_until_decided_end_with_the_last_look(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url)
    made = api.submit(seeds={"until_decided": {"min": 6, "max": 7}})
    end(api, made)
    deliver(api)
    assert receiver.heard == []  # a look is left
    with api.database.transaction() as session:
        added = interim_looks.take_due_look(session, made["id"], now())
    for run in added:
        api.train(run.id, accuracy=0.7)
    with api.database.transaction() as session:
        interim_looks.take_due_look(session, made["id"], now())
    deliver(api)
    assert [one.document["type"] for one in receiver.heard] == ["experiment.succeeded"]


def test_cancelling_the_looks_that_are_left_is_an_end(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url)
    made = api.submit(seeds={"until_decided": {"min": 6, "max": 7}})
    end(api, made)
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    deliver(api)
    assert [one.document["type"] for one in receiver.heard] == ["experiment.succeeded"]


def test_a_run_trained_again_tells_nobody(hooked: Any) -> None:
    api, receiver = hooked()
    made = api.submit()
    end(api, made)
    register(api, receiver.url)
    again = api.http.post(f"/v1/runs/{made['runs'][0]['id']}/reproduce").json()["again"]
    api.train(again, accuracy=0.7)
    deliver(api)
    assert receiver.heard == []


def test_what_happened_is_told_though_the_experiment_is_deleted(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url)
    made = api.submit()
    end(api, made)
    assert api.http.delete(f"/v1/experiments/{made['id']}").status_code == 204
    deliver(api)
    assert [one.document["experiment"]["id"] for one in receiver.heard] == [made["id"]]


def test_each_key_hears_of_its_own_experiments_alone(hooked: Any) -> None:
    api, receiver = hooked()
    ann, bob, admin = api.key("submit", "ann"), api.key("submit", "bob"), api.key("admin")
    hook = register(api, receiver.url + "&of=ann", ann)
    other = register(api, receiver.url + "&of=bob", bob)
    made = api.http.post(
        "/v1/experiments", json={"recipe": "hard-negative-mining-small"}, headers=ann
    ).json()
    api.http.post(f"/v1/experiments/{made['id']}/cancel", headers=ann)
    deliver(api)
    assert [heard.path for heard in receiver.heard] == ["/hook?token=hunter2&of=ann"]
    place = f"/v1/webhooks/{hook['id']}"
    for path in (place, f"{place}/deliveries"):
        refused(api.http.get(path, headers=bob), 404)
        assert api.http.get(path, headers=ann).status_code == 200
        assert api.http.get(path, headers=admin).status_code == 200
    refused(api.http.delete(place, headers=bob), 403)
    listed = {
        name: [one["id"] for one in api.http.get("/v1/webhooks", headers=key).json()["items"]]
        for name, key in (("bob", bob), ("admin", admin))
    }
    assert listed == {"bob": [other["id"]], "admin": [hook["id"], other["id"]]}
    assert api.http.delete(place, headers=ann).status_code == 204
    refused(api.http.get(place, headers=admin), 404)
    audit = api.http.get("/v1/audit", headers=admin, params={"subject": hook["id"]}).json()["items"]
    assert [entry["action"] for entry in audit] == ["webhook_deleted", "webhook_created"]


def test_the_secret_is_shown_once_and_never_logged(
    hooked: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api, receiver = hooked(500)
    hook = register(api, receiver.url)
    assert hook["secret"].startswith("whsec_")
    end(api, api.submit())
    deliver(api)
    for path in ("", f"/{hook['id']}", f"/{hook['id']}/deliveries"):
        assert hook["secret"] not in api.http.get(f"/v1/webhooks{path}").text
    ours = [one for one in caplog.records if one.name.startswith(("worker", "api"))]
    lines = "\n".join(record.getMessage() for record in ours)
    assert hook["id"] in lines
    assert hook["secret"] not in lines
    assert "hunter2" not in lines  # an address may hold a token


def test_a_redirect_is_not_followed_and_gone_is_the_end(hooked: Any) -> None:
    api, receiver = hooked(307, 410)
    hook = register(api, receiver.url)
    end(api, api.submit())
    deliver(api)
    assert [heard.path for heard in receiver.heard] == ["/hook?token=hunter2"] * 2
    (one,) = told(api, hook)
    assert (one["status"], one["delivered_at"], one["due_at"]) == (410, None, None)
    assert one["reason"] == "answered 410"


def test_it_is_given_up_after_the_last_wait(hooked: Any) -> None:
    tries = len(BACKOFF) + 1
    api, receiver = hooked(*[500] * 20, webhook_retry_seconds=1e-6)
    hook = register(api, receiver.url)
    end(api, api.submit())
    deliver(api)
    assert len(receiver.heard) == tries
    (one,) = told(api, hook)
    assert (one["attempt"], one["delivered_at"], one["reason"]) == (tries, None, "answered 500")


def test_waits_grow(hooked: Any) -> None:
    api, receiver = hooked(500, 500, webhook_retry_seconds=100)
    hook = register(api, receiver.url)
    end(api, api.submit())
    before = now()
    assert deliver_due(api.database, api.settings) == 1
    assert deliver_due(api.database, api.settings) == 0
    (one,) = told(api, hook)
    with api.database.reading() as session:
        due = session.get_one(Delivery, one["id"]).due_at
    assert due is not None
    assert due >= before + timedelta(seconds=100)


def test_a_sender_that_died_while_sending_leaves_it_to_the_next(hooked: Any) -> None:
    api, receiver = hooked()
    register(api, receiver.url)
    end(api, api.submit())
    begun, lease = now(), timedelta(seconds=0.5)
    with api.database.transaction() as session:
        (lost,) = deliveries.claim_due(session, begun, lease, 8)
        assert deliveries.claim_due(session, begun, lease, 8) == []
    deliver(api)
    assert len(receiver.heard) == 1
    with api.database.transaction() as session:
        assert not deliveries.settle(
            session, lost, status=500, reason="late", due_at=now(), now=now()
        )


def test_a_key_has_a_bounded_number_of_webhooks(hooked: Any) -> None:
    api, receiver = hooked()
    for _ in range(20):
        register(api, receiver.url)
    refused(api.http.post("/v1/webhooks", json={"url": receiver.url}), 409, "20 webhooks")


def test_deliveries_that_were_settled_long_ago_are_forgotten(hooked: Any) -> None:
    api, receiver = hooked()
    hook = register(api, receiver.url)
    end(api, api.submit())
    deliver(api)
    with api.database.transaction() as session:
        deliveries.remove_old(session, now() - timedelta(days=1))
    assert len(told(api, hook)) == 1
    with api.database.transaction() as session:
        deliveries.remove_old(session, now() + timedelta(days=1))
    assert told(api, hook) == []


def test_slow_receivers_of_one_owner_do_not_hold_up_the_others(hooked: Any) -> None:
    api, receiver = hooked()
    with Receiver() as slow:
        held = threading.Event()
        slow.before = held.wait
        hosts = f"{receiver.place}, {slow.place}"
        own = Settings(**{**api.settings.model_dump(), "webhook_hosts": hosts})
        ann, bob = api.key("submit", "ann"), api.key("submit", "bob")
        with api.database.transaction() as session:
            owners = {one.name: one.id for one in keys.list_keys(session)}
            for name, url, count in (("ann", slow.url, AT_ONCE), ("bob", receiver.url, 2)):
                for number in range(count):
                    webhooks.create_webhook(
                        session,
                        owner=owners[name],
                        url=f"{url}&number={number}",
                        events=webhooks.KINDS,
                        now=now(),
                    )
        for key in (ann, bob):
            body = {**SPEC, "seeds": {"count": 1}}
            made = api.http.post("/v1/experiments", json=body, headers=key).json()
            api.http.post(f"/v1/experiments/{made['id']}/cancel", headers=key)
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(deliver_due, api.database, own)
            wait_until("bob to be told", lambda: len(receiver.heard) == 2)
            assert not sending.done()
            assert len(slow.heard) <= MOST_OF_ONE
            held.set()
            assert sending.result(timeout=60) == AT_ONCE + 2
        assert len(slow.heard) == AT_ONCE
