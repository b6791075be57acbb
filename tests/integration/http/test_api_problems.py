"""Every error is a problem document (RFC 9457), whoever raised it."""

import functools
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.http.json_bodies import MAX_BYTES
from api.http.problems import MOST_CHARACTERS

from support.api import ApiForTests


def checked(reply: httpx.Response, status: int) -> dict[str, Any]:
    """The document, once it has every member with the right value."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = reply.json()
    assert {"type", "title", "status", "detail", "instance"} <= document.keys()
    assert document["status"] == status
    assert document["instance"] == reply.request.url.path
    assert document["detail"]
    return document


def post(api: ApiForTests, body: str | bytes, **headers: str) -> httpx.Response:
    return api.http.post(
        "/v1/experiments", content=body, headers={"content-type": "application/json", **headers}
    )


def test_a_path_that_is_not_there_is_404(api: ApiForTests) -> None:
    checked(api.http.get("/v1/nothing"), 404)


def test_a_method_that_is_not_taken_is_405_and_names_those_that_are(api: ApiForTests) -> None:
    reply = api.http.put("/v1/datasets")
    checked(reply, 405)
    assert reply.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    ["/v1/experiments/exp_1", "/v1/experiments/a%00b/results", "/v1/runs/run_x/steps"],
)
def test_an_id_that_is_not_there_is_404(api: ApiForTests, path: str) -> None:
    checked(api.http.get(path), 404)
    whole = path.replace("exp_1", "exp_" + "0" * 26).replace("run_x", "run_" + "0" * 26)
    checked(api.http.get(whole), 404)


def test_a_body_beyond_the_bound_is_413_also_when_its_length_is_not_told(api: ApiForTests) -> None:
    checked(post(api, b" " * (MAX_BYTES + 1)), 413)
    pieces = (b" " * 65536 for _ in range(MAX_BYTES // 65536 + 1))
    reply = api.http.post(
        "/v1/experiments", content=pieces, headers={"content-type": "application/json"}
    )
    checked(reply, 413)


def test_a_body_of_another_kind_is_415(api: ApiForTests) -> None:
    checked(api.http.post("/v1/experiments", data={"a": "b"}), 415)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ("{", "", "not JSON"),
        ("[]", "", "JSON object"),
        (b"\xff{}", "", "UTF-8"),
        ('{"batch_size": NaN}', "", "NaN"),
        ('{"batch_size": -Infinity}', "", "Infinity"),
        ('{"steps": 1, "steps": 2}', "", "'steps' occurs twice"),
        ("[" * 100_000, "", "nested"),
        ('{"steps": ' + "9" * 5000 + "}", "", "at most 19 digits"),
        ('{"name": "a\\u0000b"}', "/name", "NUL"),
        ('{"arms": [{"name": "\\ud800"}]}', "/arms/0/name", "surrogate"),
        ('{"recipe": "nonsense"}', "/recipe", "the recipes are"),
    ],
)
def test_what_is_no_spec_is_422_with_a_sentence(
    api: ApiForTests, body: str | bytes, pointer: str, words: str
) -> None:
    problem = checked(post(api, body), 422)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert words in problem["errors"][0]["detail"]


def test_every_wrong_field_is_named_at_once(api: ApiForTests) -> None:
    spec = {"recipe": "hard-negative-mining-small", "batch_size": 1, "stepz": 3}
    problem = checked(post(api, json.dumps(spec)), 422)
    assert {error["pointer"] for error in problem["errors"]} == {"/batch_size", "/stepz"}


@pytest.mark.parametrize("key", ["~" * 1000, "k" * 500_000, "\x01" * 100_000])
def test_a_very_long_key_is_not_repeated_whole(api: ApiForTests, key: str) -> None:
    reply = post(api, json.dumps({"name": "x", key: 1}))
    (named,) = [one for one in checked(reply, 422)["errors"] if one["pointer"].endswith("…")]
    assert len(named["pointer"]) <= MOST_CHARACTERS
    assert len(reply.content) < 20_000


def test_a_wrong_parameter_is_422(api: ApiForTests) -> None:
    problem = checked(api.http.get("/v1/experiments", params={"limit": 0, "state": "odd"}), 422)
    assert {error["pointer"] for error in problem["errors"]} == {"/query/limit", "/query/state"}


def test_a_fault_of_the_service_is_500_without_its_inner_words(api: ApiForTests) -> None:
    def boom() -> None:
        raise RuntimeError("a secret")

    api.thread.app.add_api_route("/boom", boom)
    problem = checked(api.http.get("/boom"), 500)
    assert "secret" not in json.dumps(problem)


def test_readiness_names_the_part_that_is_away(api: ApiForTests) -> None:
    reply = api.http.get("/readyz")
    assert reply.status_code == 503
    parts = reply.json()["parts"]
    assert parts["database"] == "ok"
    assert "broker does not answer" in parts["broker"]
    with api.database.transaction() as session:
        version = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        parts = api.http.get("/readyz").json()["parts"]
        assert parts["database"] == "ok"
        assert "tripletlab migrate" in parts["migrations"]
    finally:
        with api.database.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    assert api.get("/healthz") == {"status": "ok"}


def test_the_pages_need_nothing_from_elsewhere(api: ApiForTests) -> None:
    page = api.http.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/assets/{asset}" in page
        assert api.http.get(f"/docs/assets/{asset}").status_code == 200


def test_the_openapi_document_has_no_reference_that_leads_nowhere(api: ApiForTests) -> None:
    document = api.get("/openapi.json")

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    found = references(document)
    assert "#/components/schemas/ExperimentSpec" in found
    for reference in found:
        root, *place = reference.split("/")
        assert root == "#"
        assert functools.reduce(lambda at, part: at[part], place, document), reference
