"""The event stream of an experiment: whole, live, and resumed after any of its messages."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.experiments import event_stream
from api.experiments.event_stream import Position
from api.live import change_watch
from models.store.metrics.rows import append_steps
from models.store.run_life import runs

from support.api import ApiForTests, now, pointers
from support.stored import step_row

Message = dict[str, Any]


def messages(reply: httpx.Response) -> Iterator[Message]:
    """The messages of a stream as they arrive; comments, which keep it alive, are passed over."""
    fields: dict[str, str] = {}
    for line in reply.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and fields:
            yield {**fields, "data": json.loads(fields["data"])}
            fields = {}


def told(
    api: ApiForTests, experiment: str, after: str | None = None, **params: Any
) -> list[Message]:
    """All messages of a stream until it ends."""
    headers = {} if after is None else {"Last-Event-ID": after}
    place = f"/v1/experiments/{experiment}/events"
    with api.http.stream("GET", place, headers=headers, params=params) as reply:
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        return list(messages(reply))


@pytest.fixture
def ended(api: ApiForTests) -> str:
    made = api.submit(seeds={"count": 1})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    return str(made["id"])


def test_a_stream_tells_every_state_step_and_evaluation_once_and_ends(
    api: ApiForTests, ended: str
) -> None:
    found = told(api, ended)
    assert found[-1]["event"] == "end"
    for run in api.runs(ended):
        states = [
            m["data"]["to_state"]
            for m in found
            if m["event"] == "state" and m["data"]["run_id"] == run.id and m["data"]["to_state"]
        ]
        assert states == ["queued", "running", "succeeded"]
        steps = [m["data"] for m in found if m["event"] == "steps" and m["data"]["run"] == run.id]
        assert [step for data in steps for step in data["step"]] == list(range(1, 21))
        assert steps[0]["loss"][1] == 5.0
        rows = [
            (row["step"], row["split"])
            for m in found
            if m["event"] == "evaluations" and m["data"]["run"] == run.id
            for row in m["data"]["items"]
        ]
        assert rows == [(10, "validation"), (20, "validation"), (20, "test")]


def test_a_stream_goes_on_after_any_message_with_what_is_left(api: ApiForTests, ended: str) -> None:
    whole = told(api, ended)
    for index, message in enumerate(whole[:-1]):
        assert told(api, ended, after=message["id"]) == whole[index + 1 :]


def test_a_long_series_comes_in_pieces(
    api: ApiForTests, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "AT_ONCE", 7)
    steps = [m["data"] for m in told(api, ended) if m["event"] == "steps"]
    for run in api.runs(ended):
        pieces = [data["step"] for data in steps if data["run"] == run.id]
        assert pieces == [list(range(1, 8)), list(range(8, 15)), list(range(15, 21))]


def test_without_figures_only_states_are_told(api: ApiForTests, ended: str) -> None:
    assert {m["event"] for m in told(api, ended, figures="false")} == {"state", "end"}


def test_what_happens_later_arrives_while_the_stream_is_open(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(told, api, made["id"])
        for run in made["runs"]:
            api.train(run["id"], accuracy=0.7)
        found = stream.result(timeout=60)
    assert [m["event"] for m in found].count("steps") >= 2
    assert found[-1]["event"] == "end"


@pytest.mark.parametrize("figures", [True, False])
def test_what_happens_while_a_stream_is_quiet_is_told_once_it_happens(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch, figures: bool
) -> None:
    monkeypatch.setattr(
        change_watch, "MAX_AGE_SECONDS", 3600.0
    )  # so that nothing but the mark wakes it
    made = api.submit(seeds={"count": 1})
    first, second = (run["id"] for run in made["runs"])
    place = f"/v1/experiments/{made['id']}/events"
    with api.http.stream("GET", place, params={"figures": figures, "from_now": True}) as reply:
        coming = messages(reply)
        for run in (first, second):
            time.sleep(0.5)
            api.claim(run)
            assert told_state(next(coming)) == (run, "running")
        time.sleep(0.5)
        with api.database.transaction() as session:
            runs.advance(session, first, 1, 2, now())
            append_steps(session, first, [step_row(1), step_row(2)])
        if figures:
            steps = next(coming)
            assert (steps["event"], steps["data"]["run"]) == ("steps", first)
            assert steps["data"]["step"] == [1, 2]
        api.http.post(f"/v1/experiments/{made['id']}/cancel")
        assert next(coming)["data"]["kind"] == "cancel_requested"


def told_state(message: Message) -> tuple[str, str]:
    return message["data"]["run_id"], message["data"]["to_state"]


def test_a_stream_of_what_is_not_there_or_from_nowhere_is_refused(
    api: ApiForTests, ended: str
) -> None:
    missing = api.http.get(f"/v1/experiments/exp_{'0' * 26}/events")
    assert missing.status_code == 404
    for id in ("x", "-1", "1-2", "1-2:3.", "9" * 19):
        place = f"/v1/experiments/{ended}/events"
        refused = api.http.get(place, headers={"Last-Event-ID": id})
        assert refused.status_code == 422
        assert pointers(refused) == ["/header/last-event-id"]


counts = st.integers(0, 10**9)


@given(st.builds(Position, counts, st.lists(st.tuples(counts, counts), max_size=5).map(tuple)))
def test_a_position_reads_back_from_its_text(position: Position) -> None:
    assert Position.parse(str(position)) == position
