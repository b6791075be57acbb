"""The OpenAPI document, with what FastAPI cannot derive from the routes.

That is the schema of a spec, which a route reads itself, and what all calls have in common: keys,
problems, summaries, links and examples.
"""

import re
from typing import Any

from fastapi import FastAPI

from api.access.authentication import OPEN
from api.openapi.examples import add_examples, recorded
from api.openapi.links import add_links
from api.openapi.requests import REF
from api.openapi.responses import add_problems
from api.openapi.spec_words import add_words
from models.specs.experiment import ExperimentSpec


def install(app: FastAPI) -> None:
    """Complete the document that FastAPI makes of the routes."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            complete(generate())
        return generate()

    app.openapi = openapi  # type: ignore[method-assign]


def complete(document: dict[str, Any]) -> None:
    """Add the spec's schema, keys, problems, links, summaries and examples in place."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    spec = ExperimentSpec.model_json_schema(ref_template=REF)
    parts = {**spec.pop("$defs", {}), "ExperimentSpec": spec}
    add_words(parts)
    schemas.update(parts)
    schemas["Body_upload_dataset"]["additionalProperties"] = False
    _require_key(document)
    _summarise(document)
    _without_null(document)
    add_problems(document)
    add_links(document)
    add_examples(document, recorded())


def _require_key(document: dict[str, Any]) -> None:
    """Require a key for each call, except those that need none."""
    document["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "`tripletlab keys create`"}
    }
    for path, calls in document["paths"].items():
        for call in calls.values():
            call["security"] = [] if path in OPEN else [{"key": []}]


def _without_null(document: dict[str, Any]) -> None:
    """Drop `null` from the types of parameters, where it would be a text of four letters."""
    for calls in document["paths"].values():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                schema = parameter["schema"]
                kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
                if len(kinds) == 1:
                    del schema["anyOf"]
                    schema.update(kinds[0])


def _summarise(document: dict[str, Any]) -> None:
    """Summarise each call by the first sentence of its description."""
    for calls in document["paths"].values():
        for call in calls.values():
            first = call.get("description", "").split("\n\n")[0].replace("\n", " ")
            call["summary"] = re.split(r"(?<=[.?])\s|[:;] ", first)[0].rstrip(".")
