"""More scenes of the recorded session: what is tried again, looked into, taken along, told."""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import api
from models.states import RunState
from models.store.run_life import runs
from models.store.run_life.run_problems import PREFIX, RunProblem

from support.api import GENERATED, ApiForTests, now
from support.openapi_examples.recording import SPEC, Session

LIST, HOST = "/v1/experiments", "hooks.example.org"


def _oldest(played: Session) -> dict[str, Any]:
    found: dict[str, Any] = played.api.get(f"{LIST}/{played.api.get(LIST)['items'][-1]['id']}")
    return found


def looks_into_data(played: Session) -> None:
    path = f"/v1/datasets/{GENERATED}"
    played.call("GET", f"{path}/pairs", 200, params={"limit": 2})
    played.call("GET", f"{path}/pairs", 422, params={"limit": 0})
    played.call("GET", f"{path}/lengths", 200)
    mistakes = f"/v1/runs/{_oldest(played)['runs'][0]['id']}/mistakes"
    played.call("GET", mistakes, 200, params={"limit": 2})
    played.call("GET", mistakes, 422, params={"limit": 0})


def retries(played: Session) -> None:
    made = played.api.submit(**{**SPEC, "name": "On a small disk"})
    run = f"/v1/runs/{made['runs'][0]['id']}"
    _fail(played.api, made["runs"][0]["id"])
    played.call("GET", f"/v1/runs/{made['runs'][1]['id']}/mistakes", 409)
    played.call("GET", f"{run}/checkpoints", 200)
    played.call("GET", f"{run}/checkpoints/10", 200)
    played.call("GET", f"{run}/checkpoints/10", 416, headers={"Range": "bytes=999-"})
    played.call("GET", f"{run}/checkpoints/last", 422)
    path = f"{LIST}/{made['id']}/retry"
    for again in (f"{run}/retry", path):
        played.call("POST", again, 422, params={"from": "nowhere"})
        played.call("POST", again, 429, of=played.bounded)
    played.call("POST", path, 202)
    played.call("POST", f"{run}/retry", 202)
    played.call("POST", f"/v1/runs/{_oldest(played)['runs'][0]['id']}/retry", 409)
    played.api.claim(made["runs"][0]["id"])
    played.api.http.post(f"{LIST}/{made['id']}/cancel")
    played.call("POST", path, 409)


def _fail(service: ApiForTests, run_id: str) -> None:
    """As a worker whose disk is full after a checkpoint of step 10."""
    folder, weights = service.settings.run_dir(run_id) / "checkpoints", b"weights and moments"
    folder.mkdir(parents=True)
    (folder / "step-10.safetensors").write_bytes(weights)
    about = {"step": 10, "sha256": hashlib.sha256(weights).hexdigest()}
    (folder / "step-10.json").write_text(json.dumps(about))
    problem = RunProblem(
        type=f"{PREFIX}disk-full",
        title="A disk is full",
        detail="no space was left on the device, at step 12",
        attempt=service.claim(run_id),
        step=12,
        cause="The disk of the data folder is full.",
        advice="Free space there, and retry the run.",
    )
    with service.database.transaction() as store:
        reason, attempt = problem.sentence(), problem.attempt
        runs.finish(
            store, run_id, attempt, RunState.FAILED, reason=reason, problem=problem, now=now()
        )


def exports(played: Session) -> None:
    path = f"{LIST}/{_oldest(played)['id']}"
    played.call("GET", f"{path}/export", 200, params={"table": "runs"})
    played.call("GET", f"{path}/export", 422, params={"table": "walls"})
    with _nothing_to_draw_with():  # first, since what was drawn is kept
        played.call("GET", f"{path}/figures/comparison", 501)
        played.call("GET", f"{path}/report", 501)
    played.call("GET", f"{path}/figures/comparison", 200)
    played.call("GET", f"{path}/figures/comparison", 422, params={"format": "gif"})
    played.call("GET", f"{path}/report", 200)


@contextmanager
def _nothing_to_draw_with() -> Iterator[None]:
    """Where the extra `exports` is not installed, what draws cannot be imported."""
    drawing = importlib.import_module("api.exports.pictures")
    del api.exports.pictures
    sys.modules["api.exports.pictures"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules["api.exports.pictures"] = api.exports.pictures = drawing


def webhooks(played: Session) -> None:
    path, body = "/v1/webhooks", {"url": f"https://{HOST}/tripletlab"}
    made = played.call("POST", path, 201, json=body)
    played.call("POST", path, 422, json={"url": "https://elsewhere.example.org/"})
    played.call("POST", path, 415, content=b"a", headers={"Content-Type": "text/plain"})
    played.call("GET", path, 200)
    played.call("GET", f"{path}/{made['id']}", 200)
    ended = played.api.submit(**{**SPEC, "name": "Ended at once"})
    played.api.http.post(f"{LIST}/{ended['id']}/cancel")
    played.call("GET", f"{path}/{made['id']}/deliveries", 200)
    played.call("GET", f"{path}/{made['id']}/deliveries", 422, params={"limit": 0})
    for _ in range(19):
        played.api.http.post(path, json=body)
    played.call("POST", path, 409, json=body)
    played.call("DELETE", f"{path}/{made['id']}", 204)
