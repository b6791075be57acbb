"""A reply can be found in the log by the request's id, and a log line by the run it is about."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from models.logs import log_to_stderr

from support.api import GENERATED, ApiForTests
from support.workers import wait_until


class Lines:
    """What this process logs as JSON, in place of its standard error."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(self._stream)

    def read(self) -> list[dict[str, Any]]:
        text = self._stream.getvalue()
        self._stream.seek(0)
        self._stream.truncate()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # pytest's own would be closed by the call below
    log_to_stderr("api", "json")
    yield Lines()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_reply_carries_the_clients_request_id_and_so_does_its_line(
    api: ApiForTests, lines: Lines
) -> None:
    made = api.submit(seeds={"count": 1})
    lines.read()
    place = f"/v1/experiments/{made['id']}"
    reply = api.http.get(place, headers={"X-Request-ID": "mine-7"})
    assert reply.headers["x-request-id"] == "mine-7"
    (line,) = [one for one in lines.read() if one["logger"] == "api.http.access_log"]
    assert line["event"] == f"GET {place}"
    assert (line["request"], line["status"], line["process"]) == ("mine-7", 200, "api")
    assert line["experiment"] == made["id"]


def test_lines_on_the_way_to_a_reply_carry_its_id(api: ApiForTests, lines: Lines) -> None:
    made = api.http.post("/v1/experiments", json={"recipe": "hard-negative-mining-small"})
    seen: set[str] = set()

    def both() -> bool:
        own = [one for one in lines.read() if one.get("request") == made.headers["x-request-id"]]
        seen.update(one["logger"] for one in own)
        return len(seen) == 2

    # the API of these tests has no broker that answers, and says so after the reply
    wait_until("both lines", both)
    assert seen == {"models.broker", "api.http.access_log"}


@pytest.mark.parametrize("sent", ["a b", "x" * 65, "é", "", "a\tb"])
def test_an_id_that_could_forge_a_line_is_replaced(api: ApiForTests, sent: str) -> None:
    reply = api.http.get("/v1/recipes", headers={b"X-Request-ID": sent.encode()})
    assert reply.headers["x-request-id"] != sent
    assert len(reply.headers["x-request-id"]) == 32


def test_a_path_cannot_begin_a_new_line(api: ApiForTests, lines: Lines) -> None:
    api.http.get("/v1/runs/x%0Aforged")
    (line,) = [one for one in lines.read() if one["logger"] == "api.http.access_log"]
    assert line["event"] == "GET /v1/runs/x\\nforged"


def test_what_machines_ask_every_few_seconds_is_not_noted(api: ApiForTests, lines: Lines) -> None:
    for place in ("/healthz", "/readyz", "/metrics", "/web/js/main.js"):
        api.http.get(place)
    assert [one for one in lines.read() if one["logger"] == "api.http.access_log"] == []


def test_a_worker_process_says_its_run_in_every_line() -> None:
    code = (
        "import logging; from models.logs import log_to_stderr\n"
        "log_to_stderr('attempt', 'json', run='run_1')\n"
        "log_to_stderr('attempt', 'json', run='run_1', attempt=2)\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('worker.loop').exception('broke at %d', 7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["event"], line["run"], line["attempt"]) == ("broke at 7", "run_1", 2)
    assert line["level"] == "error"
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_a_reply_about_a_thing_with_a_name_is_logged_too(api: ApiForTests, lines: Lines) -> None:
    for path in (f"/v1/datasets/{GENERATED}", "/v1/recipes/course-notebook"):
        assert api.http.get(path).status_code == 200
        (line,) = [one for one in lines.read() if one["logger"] == "api.http.access_log"]
        assert line["named"] == path.rpartition("/")[2]


def test_no_part_of_a_path_reaches_the_log_with_control_characters(
    api: ApiForTests, lines: Lines
) -> None:
    api.http.get("/v1/datasets/a%1b%5b2J%00%0ab")
    (line,) = (one for one in lines.read() if one.get("status") == 404)
    assert line["named"] == r"a\x1b[2J\x00\nb"
    assert line["event"] == r"GET /v1/datasets/a\x1b[2J\x00\nb"
