"""What OpenAPI cannot learn from the routes: the spec, which a route reads by hand.

The body of an experiment is read and checked by our own code, since its errors carry pointers into
what was sent; its schema and its examples are put into the document here.
"""

from typing import Any

from fastapi import FastAPI

from api.gate import OPEN
from models.recipes import RECIPES
from models.specs.experiment import ExperimentSpec

REF = "#/components/schemas/{model}"
SMALL = "hard-negative-mining-small"

SPEC_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": 'A spec, or `{"recipe": name, …}` with what differs from the recipe.',
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": REF.format(model="ExperimentSpec")},
                        {
                            "title": "Changed recipe",
                            "type": "object",
                            "required": ["recipe"],
                            "properties": {"recipe": {"enum": list(RECIPES)}},
                        },
                    ]
                },
                "examples": {
                    "a recipe": {"value": {"recipe": SMALL}},
                    "a recipe, changed": {
                        "value": {"recipe": SMALL, "steps": 200, "seeds": {"count": 8}}
                    },
                    "a whole spec": {"value": dict(RECIPES[SMALL].spec)},
                },
            }
        },
    }
}


def install(app: FastAPI) -> None:
    """Add the spec's schema, and the problem document that every error is."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if "ExperimentSpec" not in schemas:
            spec = ExperimentSpec.model_json_schema(ref_template=REF)
            schemas.update(spec.pop("$defs", {}))
            schemas["ExperimentSpec"] = spec
            schemas["Problem"] = PROBLEM
            _ask_for_a_key(document)
            _answer_with_problems(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _ask_for_a_key(document: dict[str, Any]) -> None:
    """A key for each call but those that are open; on loopback none until one is made."""
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "`tripletlab keys create`"}
    }
    for path, calls in document["paths"].items():
        for call in calls.values():
            call["security"] = [] if path in OPEN else [{"key": []}]


PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. Every error has this form.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do about it."},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "example": {
        "type": "urn:tripletlab:problem:invalid",
        "title": "Some fields are wrong",
        "status": 422,
        "detail": "/batch_size: input should be greater than or equal to 2",
        "instance": "/v1/experiments",
        "errors": [
            {"pointer": "/batch_size", "detail": "input should be greater than or equal to 2"}
        ],
    },
}


def _answer_with_problems(document: dict[str, Any]) -> None:
    """Say so at each call, in place of FastAPI's own form of a 422."""
    answer = {
        "description": "Any error, as a problem document",
        "content": {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}},
    }
    for path in document["paths"].values():
        for call in path.values():
            call["responses"].pop("422", None)
            call["responses"]["default"] = answer
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
