"""The scene of reads that are refused while others wait."""

from typing import Any

from api.dependencies import Service
from api.live.open_replies import OpenReplies
from api.live.read_lanes import ReadLane
from api.results.requests import DECLARED_RUNS_BODY

from support.api import GENERATED
from support.openapi_examples.recording import Session
from support.openapi_examples.studies import long_reads_of_studies

LIST = "/v1/experiments"
DECLARED = DECLARED_RUNS_BODY["requestBody"]["content"]["application/json"]["example"]


def long_reads(played: Session) -> None:
    """Those that the service refuses while others wait: here none may wait."""
    made = played.api.get(LIST)["items"][-1]
    own = f"{LIST}/{made['id']}"
    run = f"/v1/runs/{played.api.get(own)['runs'][0]['id']}"
    sides = {"a": f"{made['id']}/modified", "b": f"{made['id']}/vanilla"}
    service: Service = played.api.thread.app.state.service
    full: dict[str, Any] = {name: ReadLane(1, 0, 1) for name in ("documents", "series")}
    full["open_replies"] = OpenReplies(service.settings.max_open_replies)
    full["open_replies"]._open[None] = service.settings.max_open_replies
    usual = {name: getattr(service, name) for name in full}
    (study,) = played.api.get("/v1/studies")["items"]
    vars(service).update(full)
    for path in ("/results", "/figures/comparison", "/report"):
        played.call("GET", own + path, 429)
    played.call("GET", "/v1/comparisons", 429, params=sides)
    played.call("POST", "/v1/comparisons", 429, json=DECLARED)
    played.call("GET", LIST, 429)
    played.call("GET", own, 429, params={"wait": 1})
    played.call("GET", f"{own}/events", 429)
    played.call("GET", f"{own}/export", 429, params={"table": "runs"})
    for path in ("/steps", "/evaluations", "/scores", "/mistakes"):
        played.call("GET", run + path, 429)
    for path in ("/pairs", "/lengths"):
        played.call("GET", f"/v1/datasets/{GENERATED}{path}", 429)
    played.call("GET", "/v1/programmes/my-search", 429)
    long_reads_of_studies(played, study["id"])
    vars(service).update(usual)
