"""What OpenAPI cannot learn from the routes: the spec, which a route reads by hand, and what is
common to all calls.

The body of an experiment is read and checked by our own code, since its errors carry pointers into
what was sent; its schema and its examples are put into the document here.
"""

import re
from typing import Any

from fastapi import FastAPI

from api.access.authentication import OPEN
from api.openapi.examples import add_examples, recorded
from api.openapi.links import add_links
from api.openapi.responses import add_problems
from models.specs.experiment import ExperimentSpec
from models.specs.recipes import RECIPES

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
    """Complete the document that FastAPI makes of the routes."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(generate())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def complete(document: dict[str, Any]) -> None:
    """Add the spec's schema, keys, problems, links, summaries and examples, in place."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    spec = ExperimentSpec.model_json_schema(ref_template=REF)
    schemas.update(spec.pop("$defs", {}))
    schemas["ExperimentSpec"] = spec
    _ask_for_a_key(document)
    _summarise(document)
    _without_null(document)
    add_problems(document)
    add_links(document)
    add_examples(document, recorded())


def _ask_for_a_key(document: dict[str, Any]) -> None:
    """A key for each call but those that are open; on loopback none until one is made."""
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "`tripletlab keys create`"}
    }
    for path, calls in document["paths"].items():
        for call in calls.values():
            call["security"] = [] if path in OPEN else [{"key": []}]


def _without_null(document: dict[str, Any]) -> None:
    """A parameter is left out or has a value; `null` would be a text of four letters."""
    for calls in document["paths"].values():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                schema = parameter["schema"]
                kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
                if len(kinds) == 1:
                    del schema["anyOf"]
                    schema.update(kinds[0])


def _summarise(document: dict[str, Any]) -> None:
    """The first sentence of what a route says of itself, in place of its function's name."""
    for calls in document["paths"].values():
        for call in calls.values():
            first = call.get("description", "").split("\n\n")[0].replace("\n", " ")
            call["summary"] = re.split(r"(?<=[.?])\s|[:;] ", first)[0].rstrip(".")
