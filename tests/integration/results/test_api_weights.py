"""The weights over HTTP: the stored bytes, their hash in the headers, and plain refusals."""

import base64
import hashlib
import secrets
from pathlib import Path
from typing import Any

import pytest

from models.files.run_files import WEIGHTS

from support.api import ApiForTests, refused

CONTENT = secrets.token_bytes(200_000)  # more than one piece


@pytest.fixture
def run(api: ApiForTests) -> dict[str, Any]:
    found: dict[str, Any] = api.submit()["runs"][0]
    return found


@pytest.fixture
def weights(api: ApiForTests, run: dict[str, Any]) -> Path:
    """The file of a run that has succeeded."""
    api.train(run["id"], accuracy=0.7, weights=CONTENT)
    return api.settings.run_dir(run["id"]) / WEIGHTS


def place(run: dict[str, Any]) -> str:
    return f"/v1/runs/{run['id']}/weights"


@pytest.mark.usefixtures("weights")
def test_the_file_comes_whole_with_its_hash(api: ApiForTests, run: dict[str, Any]) -> None:
    reply = api.http.get(place(run))
    assert (reply.status_code, reply.content) == (200, CONTENT)
    sha256 = hashlib.sha256(CONTENT)
    assert reply.headers["etag"] == f'"{sha256.hexdigest()}"'
    assert api.get(f"/v1/runs/{run['id']}")["weights_sha256"] == sha256.hexdigest()
    digest = base64.b64encode(sha256.digest()).decode()
    assert reply.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert f'filename="{run["id"]}.safetensors"' in reply.headers["content-disposition"]


@pytest.mark.usefixtures("weights")
def test_a_client_that_has_the_file_is_not_sent_it_again(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    tag = api.http.get(place(run)).headers["etag"]
    again = api.http.get(place(run), headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = api.http.get(place(run), headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.usefixtures("weights")
def test_a_download_can_go_on_where_it_broke(api: ApiForTests, run: dict[str, Any]) -> None:
    tag = api.http.get(place(run)).headers["etag"]
    rest = api.http.get(place(run), headers={"Range": "bytes=150000-", "If-Range": tag})
    assert (rest.status_code, rest.content) == (206, CONTENT[150_000:])


def test_a_run_that_has_not_succeeded_has_none(api: ApiForTests, run: dict[str, Any]) -> None:
    reply = api.http.get(place(run))
    assert reply.status_code == 409
    assert reply.headers["content-type"] == "application/problem+json"
    assert "is queued" in reply.json()["detail"]


def test_weights_that_are_gone_are_not_found(
    api: ApiForTests, run: dict[str, Any], weights: Path
) -> None:
    weights.unlink()
    reply = api.http.get(place(run))
    assert reply.status_code == 404
    assert "not in this service's data folder" in reply.json()["detail"]
    assert api.http.get("/v1/runs/run_nothing/weights").status_code == 404


@pytest.mark.usefixtures("weights")
def test_a_range_that_cannot_be_read_is_ignored_and_one_outside_is_a_problem(
    api: ApiForTests, run: dict[str, Any]
) -> None:
    for odd in ("0-99", "lines=1-5", "bytes=", "bytes=a-b", "bytes=9-2", "bytes=-", "bytes=1-2,x"):
        reply = api.http.get(place(run), headers={"Range": odd})
        assert (reply.status_code, reply.content) == (200, CONTENT), odd
    several = api.http.get(place(run), headers={"Range": "bytes=0-1, 5-6"})
    assert several.status_code == 206
    for outside in ("bytes=200000-", f"bytes={'9' * 500}-", "bytes=-0"):
        reply = api.http.get(place(run), headers={"Range": outside})
        assert refused(reply, 416, "200,000 bytes")["title"]
        assert reply.headers["content-range"] == "bytes */200000"
    page = api.http.get("/web/js/main.js", headers={"Range": "bytes=9-2"})
    assert page.status_code == 200
    refused(api.http.get("/web/js/main.js", headers={"Range": "bytes=99999999-"}), 416, "behind")
