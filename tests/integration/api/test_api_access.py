"""Who is let in, and what a key may change; the attacks are tests that are refused."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from api.access.callers import OWNED, SAFE
from models.store.access import keys

from support.api import GENERATED, SPEC, ApiForTests, StartService, now, refused

CSV = b"question1,question2,is_duplicate\na b,c d,1\ne f,g h,0\n"
ALWAYS_OPEN = {
    *("/", "/docs", "/openapi.json", "/healthz", "/readyz"),
    "/client/tripletlab.py",
    "/client/SKILL.md",
    "/llms.txt",
}
A_FILE_OF = {"/docs/assets": "/swagger-ui.css", "/web": "/js/main.js"}
CHANGING = {
    ("POST", "/v1/datasets"),
    ("DELETE", "/v1/datasets/{name}"),
    ("POST", "/v1/experiments"),
    ("POST", "/v1/experiments/{experiment_id}/cancel"),
    ("POST", "/v1/experiments/{experiment_id}/retry"),
    ("POST", "/v1/experiments/{experiment_id}/seeds"),
    ("PATCH", "/v1/experiments/{experiment_id}/labels"),
    ("DELETE", "/v1/experiments/{experiment_id}"),
    ("POST", "/v1/runs/{run_id}/cancel"),
    ("POST", "/v1/runs/{run_id}/retry"),
    ("POST", "/v1/runs/{run_id}/reproduce"),
    ("POST", "/v1/models"),
    ("DELETE", "/v1/models/{model_name}"),
    ("POST", "/v1/vectors"),
    ("DELETE", "/v1/vectors/{vectors_name}"),
    ("POST", "/v1/studies"),
    ("POST", "/v1/studies/{study_id}/cancel"),
    ("DELETE", "/v1/studies/{study_id}"),
    ("POST", "/v1/webhooks"),
    ("DELETE", "/v1/webhooks/{webhook_id}"),
}
"""Each writes an audit entry (below); whoever adds a route adds both."""

STORES_NOTHING = {"/v1/runs/{run_id}/predict", "/v1/comparisons"}
"""What a POST asks that a key may ask which may only read."""


@pytest.fixture
def api(start_service: StartService) -> ApiForTests:
    return start_service()


def routes(api: ApiForTests) -> Iterator[tuple[str, str]]:
    """Each method and path that this application takes, mounts and pages included."""

    def walk(found: Any) -> Iterator[tuple[str, str]]:
        for route in found:
            if isinstance(route, APIRoute | Route):
                yield from ((method, route.path) for method in route.methods or ())
            elif isinstance(route, Mount):
                yield "GET", route.path + A_FILE_OF[route.path]

    yield from walk(api.thread.app.routes)
    for path, calls in api.thread.app.openapi()["paths"].items():
        yield from ((method.upper(), path) for method in calls)


def filled(path: str) -> str:
    ids = {
        "experiment_id": "exp_" + "0" * 26,
        "run_id": "run_" + "0" * 26,
        "webhook_id": "whk_" + "0" * 26,
        "study_id": "std_" + "0" * 26,
        "model_name": "absent",
        "name": GENERATED,
    }
    for name, value in ids.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def upload(api: ApiForTests, headers: dict[str, str], name: str = "mine") -> httpx.Response:
    files = {"file": ("a.csv", CSV)}
    return api.http.post("/v1/datasets", files=files, data={"name": name}, headers=headers)


def submit(api: ApiForTests, headers: dict[str, str], **more: str) -> dict[str, Any]:
    reply = api.http.post("/v1/experiments", json=SPEC, headers={**headers, **more})
    assert reply.status_code == 202, reply.text
    view: dict[str, Any] = reply.json()
    return view


def test_every_route_but_the_open_ones_needs_a_key_once_there_is_one(api: ApiForTests) -> None:
    reader = api.key("read")
    found = set(routes(api))
    assert {("GET", "/v1/runs/{run_id}/steps"), ("GET", "/metrics"), *CHANGING} <= found
    for method, path in sorted(found):
        reply = api.http.request(method, filled(path))
        if path in ALWAYS_OPEN or path.startswith(tuple(A_FILE_OF)):
            assert reply.status_code in (200, 503, 405), path
        else:
            document = refused(reply, 401)
            assert "tripletlab keys create" in document["detail"]
            assert reply.headers["www-authenticate"] == 'Bearer realm="tripletlab"'
    refused(api.http.get("/v1/not-a-route"), 401)
    assert api.http.get("/v1/experiments", headers=reader).status_code == 200


def test_a_route_that_is_added_later_is_closed_without_saying_so(api: ApiForTests) -> None:
    api.key("read")
    api.thread.app.add_api_route("/v1/added-later", lambda: "open")
    refused(api.http.get("/v1/added-later"), 401)


@pytest.mark.parametrize(
    "header",
    [
        b"Bearer tl_" + b"a" * 43,
        b"Bearer",
        b"Basic dXNlcjpwYXNz",
        b"tl_" + b"a" * 43,
        b"Bearer " + b"x" * 5000,
        b"Bearer tl_\xff\xfe",
    ],
)
def test_a_wrong_key_is_401_and_says_that_it_was_sent(api: ApiForTests, header: bytes) -> None:
    api.key("read")
    reply = api.http.get("/v1/experiments", headers={b"Authorization": header})
    refused(reply, 401)
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


def test_a_key_in_the_query_or_a_cookie_is_none(api: ApiForTests) -> None:
    secret = api.key("admin")["Authorization"].removeprefix("Bearer ")
    refused(api.http.get("/v1/experiments", params={"key": secret}), 401)
    refused(api.http.get("/v1/experiments", headers={"Cookie": f"key={secret}"}), 401)


@pytest.mark.parametrize(
    "path", ["/healthz/../v1/experiments", "/docs/assets/../../v1/experiments", "//v1/experiments"]
)
def test_an_open_path_is_no_way_around_the_gate(api: ApiForTests, path: str) -> None:
    api.key("read")
    host, port = api.http.base_url.host, api.http.base_url.port
    with socket.create_connection((host, port)) as raw:  # httpx would tidy the path
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] in (b"401", b"404")
    assert b'"items"' not in answer


def test_reading_submitting_and_administering_need_their_scopes(api: ApiForTests) -> None:
    reader, submitter, admin = (api.key(scope) for scope in ("read", "submit", "admin"))
    reply = api.http.post("/v1/experiments", json=SPEC, headers=reader)
    assert "submit" in refused(reply, 403)["detail"]
    assert 'error="insufficient_scope", scope="submit"' in reply.headers["www-authenticate"]
    refused(upload(api, reader), 403)
    made = submit(api, submitter)
    assert api.http.get(f"/v1/experiments/{made['id']}", headers=reader).status_code == 200
    assert (
        'scope="admin"' in api.http.get("/v1/audit", headers=submitter).headers["www-authenticate"]
    )
    assert api.http.get("/v1/audit", headers=admin).status_code == 200


def test_a_key_changes_what_it_made_and_nothing_of_others(api: ApiForTests) -> None:
    ann, bob, admin = api.key("submit", "ann"), api.key("submit", "bob"), api.key("admin")
    made = submit(api, ann)
    upload(api, ann)
    run = made["runs"][0]["id"]
    changes = [
        ("POST", f"/v1/runs/{run}/cancel"),
        ("POST", f"/v1/runs/{run}/retry"),
        ("POST", f"/v1/experiments/{made['id']}/cancel"),
        ("POST", f"/v1/experiments/{made['id']}/retry"),
        ("POST", f"/v1/experiments/{made['id']}/cancel"),
        ("DELETE", f"/v1/experiments/{made['id']}"),
        ("DELETE", "/v1/datasets/mine"),
    ]
    for method, path in changes:
        reply = api.http.request(method, path, headers=bob)
        assert "not made with this key" in refused(reply, 403)["detail"]
    assert {run.state for run in api.runs(made["id"])} == {"queued"}
    for method, path in changes:
        assert api.http.request(method, path, headers=ann).is_success, path
    again = submit(api, bob)
    assert api.http.post(f"/v1/experiments/{again['id']}/cancel", headers=admin).is_success


def test_what_nobody_owns_is_for_admins_alone_once_there_are_keys(api: ApiForTests) -> None:
    before = api.submit()
    submitter, admin = api.key("submit"), api.key("admin")
    path = f"/v1/experiments/{before['id']}/cancel"
    refused(api.http.post(path, headers=submitter), 403)
    refused(api.http.delete(f"/v1/datasets/{GENERATED}", headers=submitter), 403)
    assert api.http.post(path, headers=admin).is_success


def test_what_is_not_there_is_404_for_whoever_may_change_things(api: ApiForTests) -> None:
    submitter = api.key("submit")
    for method, path in CHANGING:
        if "{" in path:
            absent = filled(path).replace(GENERATED, "absent")
            refused(api.http.request(method, absent, headers=submitter), 404)
            odd = path.partition("{")[0] + "a%00b" + path.rpartition("}")[2]
            refused(api.http.request(method, odd, headers=submitter), 404)


def test_every_changing_route_is_guarded_by_owner_and_known_here(api: ApiForTests) -> None:
    changing = {
        (method, path)
        for method, path in routes(api)
        if method not in SAFE and path.startswith("/v1") and path not in STORES_NOTHING
    }
    assert changing == CHANGING
    for _, path in changing:
        names = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert names <= OWNED.keys(), f"{path}: whose is it?"


def test_each_change_leaves_who_did_it_also_when_the_thing_is_gone(api: ApiForTests) -> None:
    ann = api.key("submit", "ann")
    made = submit(api, ann)
    run = made["runs"][0]["id"]
    for place in (f"runs/{run}", f"experiments/{made['id']}"):
        for change in ("cancel", "retry"):
            api.http.post(f"/v1/{place}/{change}", headers=ann)
    api.http.post(f"/v1/experiments/{made['id']}/cancel", headers=ann)
    api.http.delete(f"/v1/experiments/{made['id']}", headers=ann)
    upload(api, ann)
    api.http.delete("/v1/datasets/mine", headers=ann)
    page = api.http.get("/v1/audit", headers=api.key("admin")).json()
    told = [(entry["action"], entry["subject"], entry["key_name"]) for entry in page["items"]]
    assert told == [
        ("deleted", "mine", "ann"),
        ("uploaded", "mine", "ann"),
        ("deleted", made["id"], "ann"),
        ("cancelled", made["id"], "ann"),
        ("retried", made["id"], "ann"),
        ("cancelled", made["id"], "ann"),
        ("retried", run, "ann"),
        ("cancelled", run, "ann"),
        ("created", made["id"], "ann"),
    ]
    assert all(entry["key_id"].startswith("key_") for entry in page["items"])


def test_a_refused_change_leaves_nothing_in_the_audit(api: ApiForTests) -> None:
    ann = api.key("submit")
    upload(api, ann)
    files = {"file": ("a.csv", CSV + b"i,j,1\n")}
    reply = api.http.post("/v1/datasets", files=files, data={"name": "mine"}, headers=ann)
    refused(reply, 409)
    page = api.http.get("/v1/audit", headers=api.key("admin")).json()
    assert [entry["action"] for entry in page["items"]] == ["uploaded"]


def test_idempotency_keys_of_two_callers_do_not_meet(api: ApiForTests) -> None:
    ann, bob = api.key("submit"), api.key("submit")
    key = {"Idempotency-Key": "once"}
    first = submit(api, ann, **key)
    assert submit(api, ann, **key)["id"] == first["id"]
    assert submit(api, bob, **key)["id"] != first["id"]


def test_a_revoked_key_stops_at_once_in_every_process(start_service: StartService) -> None:
    one, other = start_service(), start_service()
    submitter = one.key("submit", "ann")
    for api in (one, other):
        assert api.http.get("/v1/experiments", headers=submitter).status_code == 200
    with one.database.transaction() as session:
        keys.revoke_key(session, "ann", now())
    for api in (one, other):
        refused(api.http.get("/v1/experiments", headers=submitter), 401)
        refused(api.http.get("/v1/experiments"), 401)  # and the door did not open


def test_the_use_of_a_key_is_noted(api: ApiForTests) -> None:
    reader = api.key("read")
    api.http.get("/v1/experiments", headers=reader)
    with api.database.reading() as session:
        (row,) = keys.list_keys(session)
    assert row.last_used_at is not None
