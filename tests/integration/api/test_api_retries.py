"""Over HTTP: retries, problem documents, checkpoints, and deleting what still winds down."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.states import RunState
from models.store.events import events_after
from models.store.run_life import runs
from worker.training.checkpoints import Checkpoints

from support.api import ApiForTests, StartService, now, refused
from support.commands import tripletlab
from support.stored import POLICY, fault_document

Fail = Callable[[str], None]


@pytest.fixture
def run(api: ApiForTests) -> dict[str, Any]:
    found: dict[str, Any] = api.submit()["runs"][0]
    return found


def fail(api: ApiForTests, run_id: str) -> None:
    attempt = api.claim(run_id)
    with api.database.transaction() as session:
        problem, end = fault_document(attempt, step=8), RunState.FAILED
        reason = problem.sentence()
        runs.finish(session, run_id, attempt, end, reason=reason, problem=problem, now=now())


def test_a_failed_run_says_what_where_why_and_what_to_do(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    assert (run["problem"], run["faults"], run["not_before"]) == (None, 0, None)
    fail(api, run["id"])
    view = api.get(f"/v1/runs/{run['id']}")
    problem = view["problem"]
    assert problem["type"] == "urn:tripletlab:problem:disk-full"
    assert (problem["title"], problem["step"], problem["attempt"]) == ("The disk is full", 8, 1)
    assert problem["cause"] == "The data folder has no room."
    assert problem["advice"] == "Free room."
    assert view["reason"] == "OSError: No space left on device. Free room."
    experiment = api.get(f"/v1/experiments/{run['experiment']}")
    assert experiment["runs"][0]["problem"] == problem
    results = api.get(f"/v1/experiments/{run['experiment']}/results")
    assert results["arms"][0]["runs"][0]["problem"] == problem


def test_a_run_that_waits_after_a_fault_says_until_when_and_after_what(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    attempt = api.claim(run["id"])
    with api.database.transaction() as session:
        document = fault_document(attempt)
        runs.fault(session, run["id"], attempt, problem=document, policy=POLICY, now=now())
    view = api.get(f"/v1/runs/{run['id']}")
    assert (view["state"], view["faults"]) == ("queued", 1)
    assert view["not_before"] > now().isoformat()
    assert view["problem"]["title"] == "The disk is full"


def test_a_run_is_retried_and_twice_is_no_error(api: ApiForTests, run: dict[str, Any]) -> None:
    fail(api, run["id"])
    place = f"/v1/runs/{run['id']}/retry"
    for _ in range(2):
        reply = api.http.post(place)
        assert (reply.status_code, reply.json()["state"]) == (202, "queued")
        assert reply.json()["problem"] is None
    api.claim(run["id"])
    again = api.http.post(place)
    assert (again.status_code, again.json()["state"]) == (202, "running")
    with api.database.reading() as session:
        kinds = [event.kind for event in events_after(session, run["experiment"], 0, 100)]
    assert kinds.count("retried") == 1


def test_what_succeeded_or_is_being_cancelled_is_not_retried(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    other = api.get(f"/v1/experiments/{run['experiment']}")["runs"][1]["id"]
    api.train(run["id"], accuracy=0.7)
    refused(api.http.post(f"/v1/runs/{run['id']}/retry"), 409, "reproduce")
    api.claim(other)
    api.http.post(f"/v1/runs/{other}/cancel")
    refused(api.http.post(f"/v1/runs/{other}/retry"), 409, "being cancelled")
    refused(api.http.post(f"/v1/experiments/{run['experiment']}/retry"), 409, "being cancelled")


@pytest.mark.parametrize(("origin", "left"), [("start", 0), ("checkpoint", 5)])
def test_a_retry_begins_where_it_is_asked_to(
    api: ApiForTests, run: dict[str, Any], origin: str, left: int
) -> None:
    attempt = api.claim(run["id"])
    with api.database.transaction() as session:
        runs.advance(session, run["id"], attempt, 5, now())
        runs.finish(session, run["id"], attempt, RunState.FAILED, now=now())
    reply = api.http.post(f"/v1/runs/{run['id']}/retry", params={"from": origin})
    assert (reply.status_code, reply.json()["step"]) == (202, left)
    with api.database.reading() as session:
        assert runs.run(session, run["id"]).anew == (origin == "start")


def test_another_place_to_begin_is_refused(api: ApiForTests, run: dict[str, Any]) -> None:
    reply = api.http.post(f"/v1/runs/{run['id']}/retry", params={"from": "middle"})
    assert refused(reply, 422)["errors"][0]["pointer"] == "/query/from"


def test_an_experiment_is_retried_as_a_whole(api: ApiForTests) -> None:
    made = api.submit()
    place = f"/v1/experiments/{made['id']}"
    fail(api, made["runs"][0]["id"])
    assert api.http.post(f"{place}/cancel").json()["state"] == "failed"
    for _ in range(2):
        reply = api.http.post(f"{place}/retry")
        assert (reply.status_code, reply.json()["state"]) == (202, "queued")
        assert {run["state"] for run in reply.json()["runs"]} == {"queued"}
        assert not any(run["cancel_requested"] for run in reply.json()["runs"])


def test_retries_count_among_the_runs_that_may_wait(start_service: StartService) -> None:
    api = start_service(max_queued_runs=4)
    made = api.submit()
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    api.submit(seeds={"count": 1})
    refused(api.http.post(f"/v1/experiments/{made['id']}/retry"), 429, "are queued already")
    for run in made["runs"][:2]:
        assert api.http.post(f"/v1/runs/{run['id']}/retry").status_code == 202
    refused(api.http.post(f"/v1/runs/{made['runs'][2]['id']}/retry"), 429, "are queued already")
    again = api.http.post(f"/v1/runs/{made['runs'][0]['id']}/retry")
    assert again.status_code == 202, "it waits already, so it needs no room"


def save_checkpoints(folder: Path, *steps: int) -> None:
    checkpoints = Checkpoints(folder / "checkpoints", due=lambda _: True)
    for step in steps:
        checkpoints.save(step, {"weight": torch.full((4,), float(step))}, "identity")


def test_checkpoints_are_listed_newest_first_and_fetched_whole(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    place = f"/v1/runs/{run['id']}/checkpoints"
    assert api.get(place) == {"items": [], "next": None}
    folder = api.settings.run_dir(run["id"])
    save_checkpoints(folder, 3, 8, 12)
    fail(api, run["id"])
    items = api.get(place)["items"]
    assert [one["step"] for one in items] == [12, 8]
    for one in items:
        content = (folder / "checkpoints" / f"step-{one['step']}.safetensors").read_bytes()
        assert one["size"] == len(content)
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["saved_at"].endswith("Z")
        reply = api.http.get(f"{place}/{one['step']}")
        assert (reply.status_code, reply.content) == (200, content)
        assert reply.headers["etag"] == f'"{one["sha256"]}"'
    refused(api.http.get(f"{place}/3"), 404, "no checkpoint of step 3")
    refused(api.http.get("/v1/runs/run_" + "0" * 26 + "/checkpoints"), 404)


def test_a_checkpoint_that_is_not_whole_is_not_listed(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    folder = api.settings.run_dir(run["id"])
    save_checkpoints(folder, 3, 8)
    (folder / "checkpoints" / "step-8.json").write_text('{"format": 1, "st')
    (folder / "checkpoints" / ".step-9.json.1.part").write_text("{}")
    (folder / "checkpoints" / "step-9.safetensors").write_bytes(b"no manifest")
    assert [one["step"] for one in api.get(f"/v1/runs/{run['id']}/checkpoints")["items"]] == [3]


def test_an_experiment_is_deleted_with_its_files_while_it_winds_down(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    place = f"/v1/experiments/{run['experiment']}"
    attempt = api.claim(run["id"])
    folder = api.settings.run_dir(run["id"])
    save_checkpoints(folder, 3)
    refused(api.http.delete(place), 409, "cancel the experiment first")
    api.http.post(f"{place}/cancel")
    assert api.http.delete(place).status_code == 204
    assert not folder.exists()
    refused(api.http.get(f"/v1/runs/{run['id']}"), 404)
    assert attempt == 1


def test_the_command_retries_runs_and_experiments(start_service: StartService) -> None:
    api = start_service()
    made = api.submit()
    run_id = made["runs"][0]["id"]
    api.http.post(f"/v1/experiments/{made['id']}/cancel")
    done = tripletlab("retry", run_id, "--from-start", "--url", api.url)
    assert (done.returncode, done.stdout) == (0, f"{run_id}: queued\n"), done.stderr
    assert api.get(f"/v1/experiments/{made['id']}")["state"] == "running"
    done = tripletlab("retry", made["id"], "--url", api.url)
    assert (done.returncode, done.stdout) == (0, f"{made['id']}: queued\n"), done.stderr
    with api.database.reading() as session:
        assert runs.run(session, run_id).anew
    api.train(run_id, accuracy=0.7)
    done = tripletlab("retry", run_id, "--url", api.url)
    assert done.returncode == 1
    assert "succeeded" in done.stderr
