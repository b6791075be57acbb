"""Replies that stay open are bounded for each key, and clients that leave are counted and no fault
of the service."""

import json
import logging
import socket

import pytest

from models.store.metrics import rows

from support.api import ApiForTests, StartService, refused
from support.stored import step_row
from support.workers import wait_until

STEPS = 20_000


def sent(api: ApiForTests, *lines: str, body: str = "") -> socket.socket:
    """A connection that has sent a request and reads nothing; it can take little unread."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", int(api.url.rpartition(":")[2])))
    connection.sendall("\r\n".join([*lines, "Host: localhost", "", body]).encode())
    return connection


def counted(api: ApiForTests, *labels: str) -> bool:
    """Whether `/metrics` has a request with all of these labels."""
    lines = api.http.get("/metrics").text.splitlines()
    return any(
        line.startswith("tripletlab_http_seconds_count") and all(one in line for one in labels)
        for line in lines
    )


def _wait_until_counted(api: ApiForTests, path: str) -> None:
    labels = (f'route="{path}"', 'status="499"')
    wait_until("it is counted", lambda: counted(api, *labels))


def test_event_streams_and_held_replies_are_bounded_for_each_key(
    start_service: StartService,
) -> None:
    api = start_service(max_open_replies=2)
    place = f"/v1/experiments/{api.submit()['id']}"
    ann, bob = api.key("read", "ann"), api.key("read", "bob")
    tag = api.http.get(place, headers=ann).headers["etag"]
    header = f"Authorization: {ann['Authorization']}"
    stream = sent(api, f"GET {place}/events HTTP/1.1", header)
    assert b"200 OK" in stream.recv(1000)
    held = sent(api, f"GET {place}?wait=50 HTTP/1.1", header, f"If-None-Match: {tag}")
    open_replies = api.thread.app.state.service.open_replies
    wait_until("both are open", lambda: open_replies._open.total() == 2)
    for path, params in (("/events", {}), ("", {"wait": 5})):
        reply = api.http.get(place + path, params=params, headers=ann)
        refused(reply, 429, "2 event streams and held replies of this key are open already")
        assert int(reply.headers["retry-after"]) > 0
    assert api.http.get(place, headers=ann).status_code == 200, "what is not held is not counted"
    with api.http.stream("GET", f"{place}/events", headers=bob) as other:
        assert other.status_code == 200
    for connection in (stream, held):
        connection.close()
    wait_until("all have ended", lambda: not open_replies._open)
    with api.http.stream("GET", f"{place}/events", headers=ann) as again:
        assert again.status_code == 200


def test_a_stream_that_hangs_up_unread_is_no_fault_of_the_service(
    start_service: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    api = start_service()
    made = api.submit(seeds={"count": 1}, steps=STEPS)
    with api.database.transaction() as session:
        for run in api.runs(made["id"]):
            rows.append_steps(session, run.id, [step_row(step) for step in range(1, STEPS + 1)])
            session.merge(run).step = STEPS
    streams = [sent(api, f"GET /v1/experiments/{made['id']}/events HTTP/1.1") for _ in range(3)]
    for stream in streams:
        assert b"200 OK" in stream.recv(1000)
    open_replies = api.thread.app.state.service.open_replies
    assert open_replies._open.total() == 3
    for stream in streams:
        stream.close()
    wait_until("all have ended", lambda: not open_replies._open)
    assert api.http.get("/healthz").status_code == 200
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_a_client_that_leaves_before_its_reply_is_counted_and_logged(
    start_service: StartService, caplog: pytest.LogCaptureFixture
) -> None:
    api = start_service()
    with caplog.at_level(logging.INFO, "api.http.access_log"):
        for path, length in (("/v1/experiments", 900), ("/v1/comparisons", 900_000)):
            head = (f"POST {path} HTTP/1.1", "Content-Type: application/json")
            sent(api, *head, f"Content-Length: {length}", body=json.dumps({"a": 1})).close()
        for path in ("/v1/experiments", "/v1/comparisons"):
            _wait_until_counted(api, path)
    logged = [one for one in caplog.records if one.name == "api.http.access_log"]
    lines = [(one.getMessage(), vars(one)["status"]) for one in logged]
    assert ("POST /v1/experiments", 499) in lines
    assert ("POST /v1/comparisons", 499) in lines
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
