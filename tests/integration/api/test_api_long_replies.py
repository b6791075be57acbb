"""What goes on for long ends when the key that began it is revoked."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.access import long_replies
from models.store.access import keys

from support.api import ApiForTests, StartService, now, refused


@pytest.fixture
def api(start_service: StartService, monkeypatch: pytest.MonkeyPatch) -> ApiForTests:
    """A service that asks before every piece of a reply whether its key still works."""
    monkeypatch.setattr(long_replies, "RECHECK_SECONDS", 0.0)
    return start_service()


def revoke(api: ApiForTests, name: str) -> None:
    with api.database.transaction() as session:
        keys.revoke_key(session, name, now())


def test_a_stream_ends_before_what_happens_after_its_key_was_revoked(api: ApiForTests) -> None:
    made = api.submit()
    reader, other = api.key("read", "reader"), api.key("read", "other")
    told: dict[str, list[str]] = {"reader": [], "other": []}

    def follow(name: str, headers: dict[str, str]) -> None:
        place = f"/v1/experiments/{made['id']}/events"
        with api.http.stream("GET", place, headers=headers) as reply:
            assert reply.status_code == 200
            for line in reply.iter_lines():
                told[name].append(line)
                if name == "reader" and "created" in line:
                    revoke(api, "reader")
                    api.claim(made["runs"][0]["id"])
                if "running" in line:
                    return

    with pytest.raises(httpx.RemoteProtocolError):
        follow("reader", reader)
    follow("other", other)
    assert not any("running" in line for line in told["reader"])


def test_a_reply_that_is_held_is_refused_once_its_key_was_revoked(api: ApiForTests) -> None:
    made = api.submit()
    headers = api.key("read", "reader")
    place = f"/v1/experiments/{made['id']}"
    tag = api.http.get(place, headers=headers).headers["etag"]

    def held() -> httpx.Response:
        known = {**headers, "If-None-Match": tag}
        return api.http.get(place, headers=known, params={"wait": 50})

    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(held)
        while not api.thread.app.state.service.changes._watches:
            time.sleep(0.01)
        revoke(api, "reader")
        api.claim(made["runs"][0]["id"])
        refused(reply.result(timeout=60), 401, "was revoked")


def test_a_stream_without_a_key_ends_once_the_first_key_is_made(api: ApiForTests) -> None:
    made = api.submit()
    told: list[str] = []

    def follow() -> None:
        with api.http.stream("GET", f"/v1/experiments/{made['id']}/events") as reply:
            for line in reply.iter_lines():
                told.append(line)
                if len(told) == 1:
                    api.key("submit")
                    api.claim(made["runs"][0]["id"])

    with pytest.raises(httpx.RemoteProtocolError):
        follow()
    assert not any("running" in line for line in told)


def test_a_change_that_was_begun_with_a_key_is_answered(api: ApiForTests) -> None:
    """What was stored has to be told, also where the key was revoked meanwhile."""
    headers = api.key("submit", "writer")
    service: Any = api.thread.app.state.service
    original = service.single_flight.once

    async def then_revoked(*given: Any) -> Any:
        found = await original(*given)
        revoke(api, "writer")
        return found

    object.__setattr__(service.single_flight, "once", then_revoked)
    files = {"file": ("a.csv", b"question1,question2,is_duplicate\na b,c d,1\n")}
    reply = api.http.post("/v1/datasets", files=files, data={"name": "mine"}, headers=headers)
    assert reply.status_code == 201
