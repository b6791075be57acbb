"""The OpenAPI document tells each call whole, and every example in it is what the service said."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.openapi.examples import recorded
from api.runs.requests import parse_pairs
from models.settings import Settings
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe

from support.openapi_examples.calls import play
from support.openapi_examples.recording import FILES, session

VERBS = {
    "add", "cancel", "check", "compare", "create", "delete", "download", "export", "get", "list",
    "predict", "reproduce", "retry", "stream", "update", "upload",
}  # fmt: skip
RECORD = "is as it was recorded; where the service changed on purpose: make examples"


@cache
def app() -> FastAPI:
    return create_app(Settings())


def document() -> dict[str, Any]:
    """Not made while tests are collected, which each process does for itself."""
    return app().openapi()


def calls() -> list[tuple[str, str]]:
    """Path and method of each; the tests tell all of those of which something does not hold."""
    return [(path, method) for path, of in document()["paths"].items() for method in of]


def responses_of(path: str, method: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for status, response in document()["paths"][path][method]["responses"].items():
        if "$ref" in response:
            response = document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
        yield int(status), response


def valid(schema: dict[str, Any], value: Any) -> None:
    """Raises where the value is not what the schema of the document says."""
    whole = {**schema, "components": document()["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def test_a_call_says_what_it_is_for(subtests: pytest.Subtests) -> None:
    for path, method in calls():
        with subtests.test(f"{method.upper()} {path}"):
            call = document()["paths"][path][method]
            assert 5 < len(call["summary"]) < 100
            assert call["description"].strip()
            assert call["tags"]
            assert all(one.get("schema") for one in call.get("parameters", ()))


def test_each_operation_id_is_a_name_that_a_generated_client_can_take() -> None:
    ids = [call["operationId"] for of in document()["paths"].values() for call in of.values()]
    assert len(set(ids)) == len(ids)
    for name in ids:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name), name
        assert name.partition("_")[0] in VERBS, name


def test_a_route_is_found_by_its_operation_id() -> None:
    for path, of in document()["paths"].items():
        for call in of.values():
            values = {one["name"]: "1" for one in call.get("parameters", ()) if one["in"] == "path"}
            assert app().url_path_for(call["operationId"], **values) == path.format(**values)


def test_each_body_of_a_reply_has_an_example_that_its_schema_allows(
    subtests: pytest.Subtests,
) -> None:
    for path, method in calls():
        with subtests.test(f"{method.upper()} {path}"):
            for status, response in responses_of(path, method):
                assert response["description"]
                for media, content in response.get("content", {}).items():
                    if FILES.search(media):
                        continue
                    assert "example" in content, f"{status} {media} has no example; see SCENES"
                    valid(content.get("schema", {}), content["example"])


def test_each_error_is_told_as_a_problem_of_its_own_status(subtests: pytest.Subtests) -> None:
    for path, method in calls():
        with subtests.test(f"{method.upper()} {path}"):
            found = dict(responses_of(path, method))
            assert {413, 500} <= found.keys()
            assert "default" not in document()["paths"][path][method]["responses"]
            for status, response in found.items():
                problem = response.get("content", {}).get("application/problem+json")
                if status >= 400 and problem is not None:
                    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
                    assert problem["example"]["status"] == status
                    assert problem["example"]["detail"]
                elif status >= 400:
                    # a part of a file that is not there, and a service that says which part is away
                    assert (path, status) in {
                        ("/v1/runs/{run_id}/weights", 400),
                        ("/v1/runs/{run_id}/weights", 416),
                        ("/readyz", 503),
                    }


def test_every_example_is_what_the_service_answers(tmp_path: Path) -> None:
    with session(tmp_path) as played:
        found = json.loads(json.dumps(play(played)))
    assert found.keys() == recorded().keys(), RECORD
    for call, replies in recorded().items():
        assert found[call].keys() == replies.keys(), f"{call} {RECORD}"
        for status, body in replies.items():
            same(found[call][status], body, f"{call} {status}")


def same(found: Any, kept: Any, place: str) -> None:
    """Equal, but for the last digits of a figure, which are the processor's own."""
    if isinstance(kept, dict) and isinstance(found, dict):
        assert found.keys() == kept.keys(), f"{place} {RECORD}"
        for name, value in kept.items():
            same(found[name], value, f"{place}/{name}")
    elif isinstance(kept, list) and isinstance(found, list):
        assert len(found) == len(kept), f"{place} {RECORD}"
        for index, value in enumerate(kept):
            same(found[index], value, f"{place}/{index}")
    elif isinstance(kept, float):
        assert found == pytest.approx(kept, rel=1e-6), f"{place} {RECORD}"
    else:
        assert found == kept, f"{place} {RECORD}"


def test_each_body_that_is_sent_has_an_example_that_its_schema_allows(
    subtests: pytest.Subtests,
) -> None:
    for path, method in calls():
        with subtests.test(f"{method.upper()} {path}"):
            body = document()["paths"][path][method].get("requestBody")
            for content in (body or {"content": {}})["content"].values():
                given = [one["value"] for one in content.get("examples", {}).values()]
                examples = [*given, *([content["example"]] if "example" in content else [])]
                assert examples
                for example in examples:
                    valid(content["schema"], example)


def test_the_examples_of_specs_and_questions_are_taken() -> None:
    spec = document()["paths"]["/v1/experiments"]["post"]["requestBody"]["content"]
    for example in spec["application/json"]["examples"].values():
        assert parse_spec(expand_recipe(example["value"])).run_count > 0
    asked = document()["paths"]["/v1/runs/{run_id}/predict"]["post"]["requestBody"]["content"]
    assert parse_pairs(asked["application/json"]["example"])


def test_each_id_that_a_call_takes_is_led_to_by_a_link() -> None:
    led_to = {
        (link["operationId"], name)
        for path, of in document()["paths"].items()
        for method in of
        for _, response in responses_of(path, method)
        for link in response.get("links", {}).values()
        for name in link["parameters"]
    }
    for path, of in document()["paths"].items():
        for call in of.values():
            for parameter in call.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] != "figure":  # no id: a choice
                    assert (call["operationId"], parameter["name"]) in led_to, path
