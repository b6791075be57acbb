"""The scenes of the recorded session, noun by noun; whoever adds a call adds its lines here.

`make examples` plays them and records the replies.
"""

import errno
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from api.dependencies import Service
from api.experiments import submission
from api.experiments.planning import Plan, plan
from api.http.json_bodies import MAX_BYTES
from api.openapi.examples import Recorded
from models.datasets import cache
from models.store.datasets import dataset_by_name, remove_dataset
from models.store.metrics.lines import keep_tf_idf

from support.answers import answer_next
from support.api import GENERATED
from support.openapi_examples.labels import labels, programmes
from support.openapi_examples.models import models
from support.openapi_examples.recording import ABSENT, CSV, FILE, SPEC, Session, alike, session
from support.openapi_examples.refusals import DECLARED, long_reads
from support.openapi_examples.runs import exports, looks_into_data, retries, webhooks
from support.openapi_examples.seeds import more_seeds
from support.openapi_examples.studies import studies
from support.openapi_examples.vectors import vectors
from support.stored import store_told, stored_dataset

LIST = "/v1/experiments"
FORM = {"name": "my-pairs"}
PREFIXES = {
    "experiment_id": "exp",
    "run_id": "run",
    "reproduction_id": "rep",
    "prediction_id": "prd",
    "study_id": "std",
    "webhook_id": "whk",
}
NEEDED = {"/export": {"table": "runs"}}  # parameters of a call that is to find nothing


def recipes_and_health(played: Session) -> None:
    for path in (
        "/healthz",
        "/readyz",
        "/v1/recipes",
        "/v1/recipes/course-notebook",
        "/v1/metrics",
    ):
        played.call("GET", path, 200)
    for path in ("/client/tripletlab.py", "/client/SKILL.md", "/llms.txt"):
        played.call("GET", path, 200)
    played.call("GET", "/readyz", 503, of=played.bounded)


def datasets(played: Session) -> None:
    path, rows = "/v1/datasets", {"file": ("pairs.csv", CSV % b"How do I cook rice?")}
    bad = {"file": ("pairs.csv", (CSV % b"How do I cook rice?").replace(b"?,1", b"?,yes"))}
    other = {"file": ("pairs.csv", CSV % b"Where does rice grow?")}
    played.call("POST", path, 201, files=rows, data=FORM)
    played.call("GET", path, 200)
    played.call("GET", f"{path}/my-pairs", 200)
    played.call("POST", path, 409, files=other, data=FORM)
    played.call("POST", path, 422, files=bad, data=FORM)
    played.call("POST", path, 415, files={"file": ("pairs.xls", b"x")}, data=FORM)
    played.call("POST", path, 400, files=[("file", ("a.csv", b"")), ("file", ("b.csv", b""))])
    played.call("POST", path, 429, files=other, data={"name": "more"}, of=played.bounded)
    played.call("DELETE", f"{path}/my-pairs", 204)


def experiments(played: Session) -> None:
    row = "relu(margin - s_ap + logmeanexp(20 * s_an) / 20)"
    own = {"name": "modified", "loss": {"terms": [{"kind": "formula", "row": row}]}}
    arms = [SPEC["arms"][0], own]
    question = {**SPEC, "arms": arms, "programme": "my-search"}
    played.call("POST", LIST, 200, json=question, params={"dry_run": True})
    once = {"Idempotency-Key": "forum-1"}
    played.call("POST", LIST, 202, json=SPEC, headers=once)
    played.call("DELETE", f"/v1/datasets/{GENERATED}", 409)
    wrong = {"name": "own", "loss": {"terms": [{"kind": "formula", "row": "max(s_ap) - s_an"}]}}
    played.call("POST", LIST, 422, json={**SPEC, "batch_size": 1, "arms": [*arms, wrong]})
    played.call("POST", LIST, 415, content=b"name: x", headers={"Content-Type": "text/yaml"})
    played.call("POST", LIST, 429, json=SPEC, of=played.bounded)
    with _deleted_meanwhile(played, "short-lived"):
        played.call("POST", LIST, 409, json={**SPEC, "dataset": "short-lived"})
    (made,) = played.call("GET", LIST, 200)["items"]
    path = f"{LIST}/{made['id']}"
    played.call("DELETE", path, 409)
    played.call("GET", LIST, 422, params={"limit": 0})
    played.call("GET", path, 422, params={"wait": -1})
    played.call("GET", f"{path}/results", 422, params={"target_loss": 0})
    played.call("GET", f"{path}/events", 422, headers={"Last-Event-ID": "the last"})
    view = played.api.get(path)
    tf_idf = {"test.accuracy": 0.68, "test.roc_auc": 0.72, "test.average_precision": 0.64}
    with played.api.database.transaction() as session:
        keep_tf_idf(session, made["id"], tf_idf)
    for run in view["runs"]:
        swing = 0.01 * (run["arm"] == "modified")
        accuracy = 0.7 + 0.005 * run["seed"] + swing
        played.api.train(run["id"], accuracy=accuracy, untrained=0.55 + 0.01 * run["seed"])
    played.call("GET", path, 200)
    played.call("GET", f"{path}/results", 200, params={"target_loss": 0.5})
    played.call("GET", f"{path}/events", 200)
    other = played.api.submit(**{**SPEC, "name": "Not needed after all", "seeds": {"count": 1}})
    played.call("GET", f"/v1/runs/{other['runs'][0]['id']}/scores", 409)
    played.call("GET", f"/v1/runs/{other['runs'][0]['id']}/weights", 409)
    played.call("POST", f"/v1/runs/{other['runs'][0]['id']}/reproduce", 409)
    asked = {"question1": "How?", "question2": "Why?"}
    played.call("POST", f"/v1/runs/{other['runs'][0]['id']}/predict", 409, json=asked)
    played.call("POST", f"/v1/runs/{other['runs'][0]['id']}/cancel", 200)
    played.call("POST", f"{LIST}/{other['id']}/cancel", 200)
    played.call("DELETE", f"{LIST}/{other['id']}", 204)


@contextmanager
def _deleted_meanwhile(played: Session, name: str) -> Iterator[None]:
    """Between the look at a spec and its storing, another request deletes this data set."""

    def plan_and_delete(service: Service, document: Any) -> Plan:
        planned = plan(service, document)
        with played.api.database.transaction() as store:
            remove_dataset(store, name)
        return planned

    with played.api.database.transaction() as store:
        stored_dataset(store, name, dataset_by_name(store, GENERATED).content_hash)
    with patch.object(submission, "plan", plan_and_delete):
        yield


def runs(played: Session) -> None:
    run = f"/v1/runs/{_trained(played)}"
    with played.api.database.transaction() as session:
        store_told(session, _trained(played))
    parts = ("", "/steps?max_points=5", "/evaluations", "/scores", "/weights", "/log", "/usage")
    for part in parts:
        played.call("GET", f"{run}{part}", 200)
    played.call("GET", f"{run}/log", 422, params={"limit": 0})
    played.call("GET", f"{run}/weights", 206, headers={"Range": "bytes=0-3"})
    played.call("GET", f"{run}/weights", 416, headers={"Range": "bytes=999999-"})
    played.call("GET", f"{run}/steps", 422, params={"max_points": 1})
    played.call("GET", f"{run}/model", 409)


def _trained(played: Session) -> str:
    (made,) = played.api.get(LIST)["items"]
    found: str = played.api.get(f"{LIST}/{made['id']}")["runs"][0]["id"]
    return found


def questions(played: Session) -> None:
    path = f"/v1/runs/{_trained(played)}/predict"
    body = {"pairs": [["How do I cook rice?", "How is rice cooked?"]]}
    waiting = played.call("POST", path, 202, json=body, params={"wait": 0})
    played.call("POST", path, 429, json=body, params={"wait": 0}, of=played.bounded)
    played.call("POST", path, 422, json={"pairs": []})
    played.call("POST", path, 415, content=b"a b", headers={"Content-Type": "text/plain"})
    answer_next(played.api, [0.83], 0.7)
    played.call("GET", f"/v1/predictions/{waiting['id']}", 200)
    played.call("GET", f"/v1/predictions/{waiting['id']}", 422, params={"wait": 61})
    with ThreadPoolExecutor(1) as worker:
        answered = worker.submit(answer_next, played.api, [0.83], 0.7)
        played.call("POST", path, 200, json=body, params={"wait": 60})
        answered.result()


def reproductions(played: Session) -> None:
    run = f"/v1/runs/{_trained(played)}"
    made = played.call("POST", f"{run}/reproduce", 202)
    played.api.train(made["again"], accuracy=0.7)
    played.call("GET", f"{run}/reproductions", 200)
    played.call("GET", f"/v1/reproductions/{made['id']}", 200)
    played.api.submit(**SPEC)
    played.call("POST", f"{run}/reproduce", 429, of=played.bounded)


def comparisons(played: Session) -> None:
    made = played.api.get(LIST)["items"][-1]
    path, a, b = "/v1/comparisons", f"{made['id']}/modified", f"{made['id']}/vanilla"
    played.call("GET", path, 200, params={"a": a, "b": b})
    played.call("GET", path, 422, params={"a": a, "b": f"exp_{ABSENT}/vanilla"})
    played.call("POST", path, 200, json=DECLARED)
    played.call("POST", path, 422, json={**DECLARED, "b": {"9": 0.7}})
    played.call("POST", path, 415, content=b"a,b", headers={"Content-Type": "text/csv"})


def watching(played: Session) -> None:
    played.call("GET", "/v1/audit", 200, params={"limit": 3})
    played.call("GET", "/v1/audit", 422, params={"cursor": 0})
    played.call("GET", "/metrics", 200)


SCENES = (
    recipes_and_health,
    datasets,
    models,
    vectors,
    experiments,
    runs,
    questions,
    reproductions,
    comparisons,
    labels,
    looks_into_data,
    retries,
    more_seeds,
    programmes,
    exports,
    webhooks,
    studies,
    long_reads,
    watching,
)


def play(played: Session) -> Recorded:
    """Every call with every status of its own; the recording, made the same each time."""
    for scene in SCENES:
        scene(played)
    _what_is_not_there(played)
    _what_any_call_may_meet(played)
    return alike(played.recorded)


def _what_is_not_there(played: Session) -> None:
    for path, calls in played.api.thread.app.openapi()["paths"].items():
        if "{" not in path:
            continue
        absent = (
            path.replace("{name}", "absent")
            .replace("{model_name}", "absent")
            .replace("{programme_name}", "absent")
            .replace("{step}", "10")
        )
        absent = absent.replace("{figure}", "comparison")
        needed = (
            None
            if "studies" in path
            else next((p for end, p in NEEDED.items() if path.endswith(end)), None)
        )
        for name, prefix in PREFIXES.items():
            absent = absent.replace(f"{{{name}}}", f"{prefix}_{ABSENT}")
        for method in calls:
            bodies = {"post": {"question1": "a", "question2": "b"}, "patch": {"notes": ""}}
            body = {"count": 12} if path.endswith("/seeds") else bodies.get(method)
            played.call(method.upper(), absent, 404, json=body, params=needed)


def _what_any_call_may_meet(played: Session) -> None:
    api = played.api

    def boom() -> None:
        raise RuntimeError("on purpose")

    api.thread.app.add_api_route("/v1/example", boom)
    played.of_every_call(api.http.get("/v1/example"))
    pieces = (
        b" " * 65536 for _ in range(MAX_BYTES // 65536 + 1)
    )  # of untold length, so it is read
    played.of_every_call(api.http.post("/v1/experiments", content=pieces))
    played.of_every_call(api.http.get("/v1/recipes", params={"limt": 5}))
    with patch.object(cache, "store", side_effect=OSError(errno.ENOSPC, "No space left")):
        rows = {"file": ("pairs.csv", CSV % b"Is the disk full?")}
        played.of_every_call(api.http.post("/v1/datasets", files=rows, data=FORM))
    reader = api.key("read", "ann")
    played.of_every_call(api.http.get("/v1/experiments"))
    played.of_every_call(api.http.post("/v1/experiments", json=SPEC, headers=reader))
    # a database whose file is another's folder cannot be opened, now or later
    service: Service = api.thread.app.state.service
    service.database.close()
    store = api.settings.data_dir / "tripletlab.sqlite3"
    store.rename(store.with_name("elsewhere"))
    store.mkdir()
    played.of_every_call(api.http.get("/v1/experiments", headers=reader))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, session(Path(folder)) as played:
        recorded = play(played)
    FILE.write_text(json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    sys.stdout.write(f"{FILE}: {sum(map(len, recorded.values()))} replies\n")


if __name__ == "__main__":
    main()
