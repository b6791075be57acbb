"""The event stream of an experiment: whole, live, and resumed after any of its messages."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.experiments import event_stream
from api.experiments.stream_positions import END, NOTHING, Position, ToldRuns
from api.live import change_watch
from models.states import RunState
from models.store.events import last_event
from models.store.experiments import run_progress
from models.store.metrics.rows import append_steps
from models.store.run_life import runs
from models.store.tables import Run

from support.api import ApiForTests, StartService, now, pointers
from support.stored import step_row, stored_experiment

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
    for id in ("x", "-1", "1-2", "1-2:3.", "9" * 19, "1-3xz", "1-9999999xe", "1~", "1~AAAA"):
        place = f"/v1/experiments/{ended}/events"
        refused = api.http.get(place, headers={"Last-Event-ID": id})
        assert refused.status_code == 422
        assert pointers(refused) == ["/header/last-event-id"]


def test_the_ids_of_a_stream_stay_short_however_many_runs_have_ended(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 5})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    found = told(api, made["id"])
    assert max(len(message["id"]) for message in found) < 30
    middle = next(i for i, m in enumerate(found) if m["event"] == "evaluations") + 13
    assert told(api, made["id"], after=found[middle]["id"]) == found[middle + 1 :]


def test_an_id_of_an_older_version_still_means_its_place(api: ApiForTests, ended: str) -> None:
    """Each run had a place of its own: its last step, and its evaluations."""
    whole = told(api, ended)
    last = max(int(message["id"].partition("-")[0]) for message in whole)
    found = told(api, ended, after=f"{last}-20:3.10:1")
    first, second = (run.id for run in api.runs(ended))
    assert {m["data"].get("run", second) for m in found} == {second}
    assert [m["data"]["step"] for m in found if m["event"] == "steps"] == [list(range(11, 21))]
    (evaluations,) = (m["data"]["items"] for m in found if m["event"] == "evaluations")
    assert [row["step"] for row in evaluations] == [20, 20]


def fail(api: ApiForTests, run: str, steps: int) -> None:
    attempt = api.claim(run)
    with api.database.transaction() as session:
        runs.begin_from(session, run, attempt, 0, now())
        append_steps(session, run, [step_row(step) for step in range(1, steps + 1)])
        runs.advance(session, run, attempt, steps, now())
    with api.database.transaction() as session:
        runs.finish(session, run, attempt, RunState.FAILED, reason="on purpose", now=now())


def test_a_run_that_is_retried_is_told_again_from_its_beginning(api: ApiForTests) -> None:
    made = api.submit(seeds={"count": 1})
    first, second = (run["id"] for run in made["runs"])
    fail(api, first, steps=8)
    api.train(second, accuracy=0.7)
    last = told(api, made["id"])[-1]["id"]
    api.http.post(f"/v1/runs/{first}/retry", params={"from": "start"})
    fail(api, first, steps=5)
    found = told(api, made["id"], after=last)
    steps = [m["data"] for m in found if m["event"] == "steps"]
    assert [(one["run"], one["step"]) for one in steps] == [(first, [1, 2, 3, 4, 5])]


def noted(coming: Iterator[Message], heard: list[Message]) -> Iterator[Message]:
    for message in coming:
        heard.append(message)
        yield message


def test_runs_beyond_the_most_that_are_told_in_part_are_told_when_others_end(
    api: ApiForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "MOST_PARTLY", 1)
    made = api.submit(seeds={"count": 2})
    started = [run["id"] for run in made["runs"]]
    for run in started:
        attempt = api.claim(run)
        with api.database.transaction() as session:
            append_steps(session, run, [step_row(1), step_row(2)])
            runs.advance(session, run, attempt, 2, now())
    place = f"/v1/experiments/{made['id']}/events"
    with api.http.stream("GET", place) as reply:
        coming = messages(reply)
        heard: list[Message] = []
        steps = (m["data"]["run"] for m in noted(coming, heard) if m["event"] == "steps")
        assert next(steps) == started[0]
        for number, run in enumerate(started):
            with api.database.transaction() as session:
                runs.finish(session, run, 1, RunState.FAILED, reason="on purpose", now=now())
            if number + 1 < len(started):
                assert next(steps) == started[number + 1]
        assert list(steps) == []
    for message in heard:
        groups = Position.parse(message["id"]).runs.groups
        assert sum(count for count, one in groups if one not in (END, NOTHING)) <= 1


def test_a_stream_of_sixteen_thousand_runs_is_resumed_near_its_end(
    start_service: StartService,
) -> None:
    api = start_service()
    with api.database.transaction() as session:
        arms = [
            {"name": f"arm {number}", "loss": {"terms": [{"kind": "closest_negative"}]}}
            for number in range(16)
        ]
        made = stored_experiment(session, arms=arms, seeds={"count": 1000}).id
        session.execute(
            update(Run).where(Run.experiment_id == made).values(state="succeeded", step=1)
        )
        ids = [run.id for run in run_progress(session, made)]
        for run in ids[-3:]:
            append_steps(session, run, [step_row(1)])
        last = last_event(session, made)
    found = told(api, made, after=str(Position(last, ToldRuns(((15_997, END),)))))
    assert [m["data"].get("run") for m in found] == [*ids[-3:], None]
    assert max(len(m["id"]) for m in found) < 40


def test_nothing_of_a_message_is_left_for_the_event_loop_to_put_into_text(
    api: ApiForTests, ended: str
) -> None:
    service: Any = api.thread.app.state.service
    batch = event_stream._read_batch(service, ended, Position(10**9), True)
    assert {message.event for message in batch.messages} == {"steps", "evaluations"}
    assert all(message.raw_data and message.data is None for message in batch.messages)
