"""The service keeps to its own OpenAPI document, whatever it is asked: schemathesis asks.

All of its checks, over every call: no 5xx, no status, header, type or form of reply that the
document does not have, nothing refused that it allows, nothing taken that it forbids, no way in
without a key, and nothing there after it was deleted; also along the document's links, as a client
goes. Short here; `make contract` asks for long, and its figures are in `benchmarks/README.md`.
"""

import logging
import os
from pathlib import Path

import httpx
import pytest

from support.contract import Told, asked_everything, served

LONG = os.environ.get("TRIPLETLAB_TEST_CONTRACT") == "long"
HOW = (
    ["--max-examples", "60"]
    if LONG
    else ["--phases", "examples,fuzzing,stateful", "--max-examples", "3"]
)
THE_SAME_EACH_TIME = ["--seed", "1", "--generation-deterministic"]
# where no key was made this machine needs none, and a key is not looked at
NO_KEY = ["--exclude-checks", "ignored_auth", "--generation-with-security-parameters", "false"]
log = logging.getLogger(__name__)
pytestmark = pytest.mark.timeout(7200 if LONG else 900)


def kept_to_it(told: Told) -> None:
    log.info("%d requests, %d checks, %d failed", told.requests, told.checks, told.failed)
    log.info("replies by status: %s", dict(sorted(told.statuses.items())))
    assert told.status == 0, told.words[-8000:]
    assert told.failed == 0
    assert not [status for status in told.statuses if status >= 500]


def test_with_keys_it_keeps_to_its_document_along_all_links(tmp_path: Path) -> None:
    with served(tmp_path, with_key=True) as service:
        told = asked_everything(service, tmp_path, *HOW, *THE_SAME_EACH_TIME)
    kept_to_it(told)
    assert {200, 202, 401, 404, 409, 422} <= told.statuses.keys()


def test_without_a_key_it_keeps_to_its_document_for_what_is_there(tmp_path: Path) -> None:
    with served(tmp_path, with_key=False) as service:
        told = asked_everything(
            service,
            tmp_path,
            *HOW,
            *THE_SAME_EACH_TIME,
            *NO_KEY,
            *("--exclude-method", "DELETE"),  # the rest would ask after what is gone
            parameters=service.carried_out,
        )
        paths = httpx.get(f"{service.url}/openapi.json").json()["paths"]
    kept_to_it(told)
    calls = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    left_out = BY_LINKS_ALONE | OF_WHAT_IS_NOT_HERE
    reached = {call for call in calls if "DELETE" not in call and call not in left_out}
    assert reached <= told.succeeded


BY_LINKS_ALONE = {
    "GET /v1/predictions/{prediction_id}",
    "GET /v1/reproductions/{reproduction_id}",
    "GET /v1/datasets/{name}",
    "GET /v1/recipes/{name}",
    "GET /v1/differences",
    "GET /v1/programmes/{programme_name}",
}
"""Whose ids no one can know before; links lead there."""

OF_WHAT_IS_NOT_HERE = {
    "POST /v1/runs/{run_id}/retry",
    "GET /v1/runs/{run_id}/checkpoints/{step}",
    "POST /v1/webhooks",
    "GET /v1/webhooks/{webhook_id}",
    "GET /v1/webhooks/{webhook_id}/deliveries",
    "POST /v1/models",
    "GET /v1/models/{model_name}",
    "POST /v1/vectors",
    "GET /v1/vectors/{vectors_name}",
    "GET /v1/runs/{run_id}/model",
    "POST /v1/studies",
    "GET /v1/studies/{study_id}",
    "GET /v1/studies/{study_id}/results",
    "GET /v1/studies/{study_id}/export",
    "POST /v1/studies/{study_id}/cancel",
    "POST /v1/experiments/{experiment_id}/seeds",
}
"""Of a run that did not succeed, of hosts that this service may call, of a pretrained model, of
token vectors, of a second data set for a study, and of looks that are left: it has none of them."""
