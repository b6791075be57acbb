"""JSON bodies: what they cost grows no faster than they do, and the event loop never pays it."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from api.http import json_bodies
from api.http.json_bodies import LARGE, MAX_BYTES, MOST_VALUES, decode
from api.http.problems import MOST_ERRORS
from models.errors import Invalid

from support.api import NO_AUTHORITIES, ApiForTests, refused

NO_RUN, NO_EXPERIMENT = "run_" + "0" * 26, "exp_" + "0" * 26


class CountedKey(str):
    """A key that counts how often it is compared with another."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        CountedKey.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def json_calls(api: ApiForTests) -> list[str]:
    """The paths of all calls that read a JSON body."""
    found = [
        path.replace("{run_id}", NO_RUN).replace("{experiment_id}", NO_EXPERIMENT)
        for path, calls in api.thread.app.openapi()["paths"].items()
        if "application/json" in calls.get("post", {}).get("requestBody", {}).get("content", {})
    ]
    assert len(found) >= 3
    return found


def test_a_key_that_occurs_twice_is_found_with_one_look_at_each_key() -> None:
    pairs = [(CountedKey(f"k{number}"), 1) for number in range(5_000)]
    pairs.append((CountedKey("k4999"), 2))
    CountedKey.comparisons = 0
    with pytest.raises(Invalid, match="'k4999' occurs twice"):
        json_bodies._distinct_keys([*pairs])
    assert CountedKey.comparisons < 2 * len(pairs)


@pytest.mark.parametrize(
    "body",
    [
        "[" + ",".join(["1"] * MOST_VALUES) + "]",
        "[" * 500 + ",".join(["[]"] * MOST_VALUES) + "]" * 500,
        json.dumps({f"k{number}": 1 for number in range(MOST_VALUES // 2)}),
        json.dumps([{"a": []}] * (MOST_VALUES // 3 + 1)),
    ],
    ids=["list", "deep", "object", "objects"],
)
def test_a_body_of_very_many_values_is_refused_whatever_its_shape(body: str) -> None:
    assert len(body) < MAX_BYTES
    with pytest.raises(Invalid, match="at most 20,000 keys and values"):
        decode(body.encode())


def test_a_body_of_the_most_values_is_read() -> None:
    values = list(range(MOST_VALUES - 1))  # and the list itself
    assert decode(json.dumps(values).encode()) == values


def test_a_large_body_is_not_decoded_where_its_separators_tell_of_too_many_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json, "loads", None)
    keys = ",".join(f'"key {number}":1' for number in range(MOST_VALUES))
    numbers = "1," * MOST_VALUES * 3
    for body in ("{" + keys + "}", f"[{numbers}1]", f' [["{"x" * LARGE}", {numbers}1]]'):
        with pytest.raises(Invalid) as refusal:
            decode(body.encode())
        assert "at most 20,000" in refusal.value.problems[0].detail


@pytest.mark.parametrize("text", [",:" * LARGE, '\\",' * LARGE, "\\\\" * LARGE, "é" * LARGE])
def test_separators_inside_a_text_count_for_nothing(text: str) -> None:
    document = {"a": [text, text], "b": text}
    assert decode(json.dumps(document, ensure_ascii=False).encode()) == document


def test_a_text_that_never_ends_is_looked_through_once() -> None:
    for body in ('["' + '\\"' * (MAX_BYTES // 2 - 4), '["' + "\\" * 999_999, '["' + "x" * LARGE):
        assert len(json_bodies._TEXT.findall(body.encode())) <= 2
        with pytest.raises(Invalid, match="not JSON|cannot be read"):
            decode(body.encode())


def test_every_text_that_cannot_be_stored_is_named_in_the_order_of_the_body() -> None:
    document = {"a": ["x", "\0"], "b\0": 1, "c": {"d": "\ud800"}}
    with pytest.raises(Invalid) as refusal:
        decode(json.dumps(document).encode())
    assert [(one.pointer, one.detail) for one in refusal.value.problems] == [
        ("/a/1", "contains a NUL character"),
        ("", "contains a NUL character"),
        ("/c/d", "contains half of a surrogate pair"),
    ]


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'{"a": 1}'], ids=["no JSON", "unknown key"])
def test_no_body_is_decoded_or_judged_on_the_event_loop(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    on_loop: list[bool] = []

    original = Invalid.__init__

    def noted(self: Invalid, *given: Any) -> None:
        original(self, *given)
        on_loop.append(asyncio._get_running_loop() is not None)

    monkeypatch.setattr(Invalid, "__init__", noted)
    headers = {"content-type": "application/json"}
    calls = json_calls(api)
    for path in calls:
        refused(api.http.post(path, content=body, headers=headers), 422)
    assert len(on_loop) >= len(calls)
    assert not any(on_loop)


def test_a_body_that_is_wrong_in_every_value_gets_a_short_reply(api: ApiForTests) -> None:
    spec = {"dataset": "d", "arms": [{} for _ in range(2_000)]}
    errors = refused(api.http.post("/v1/experiments", json=spec), 422)["errors"]
    assert len(errors) == MOST_ERRORS + 1
    assert errors[-1] == {"pointer": "", "detail": "and 3,900 more errors"}


def test_a_large_body_whose_client_has_gone_meanwhile_is_not_decoded(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, go = list[bytes](), threading.Event()

    def held(body: bytes) -> Any:
        decoded.append(body)
        assert go.wait(60)
        return decode(body)

    monkeypatch.setattr(json_bodies, "decode", held)
    with ThreadPoolExecutor(1) as pool, httpx.Client(verify=NO_AUTHORITIES) as leaving:
        place, others = f"{api.url}/v1/runs/{NO_RUN}/predict", [b"1" * (LARGE + n) for n in (1, 2)]
        first = pool.submit(api.http.post, place, content=others[0])
        while not decoded:
            time.sleep(0.01)
        with pytest.raises(httpx.ReadTimeout):
            leaving.post(place, content=others[1], timeout=0.5)
        leaving.close()
        go.set()
        refused(first.result(), 422)
    refused(api.http.post(place, content=others[0]), 422)
    assert decoded == [others[0], others[0]]
