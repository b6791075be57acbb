"""The examples of the OpenAPI document: what the service answered when it was really asked.

`examples.json` is recorded by `make examples`, which plays a whole session against a service and
keeps one reply for each call and status; ids and times are made the same in every recording. A test
plays the session again and compares, so no example says what the service would not.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from api.openapi.responses import SHARED

EVERY_CALL = "any call"
"""Under this name in the file: the problems that are not a call's own."""

Recorded = dict[str, dict[str, Any]]
"""`POST /v1/experiments` -> status -> the body of a reply."""


@cache
def recorded() -> Recorded:
    """The examples as they were recorded."""
    found: Recorded = json.loads(files("api.openapi").joinpath("examples.json").read_text("utf-8"))
    return found


def add_examples(document: dict[str, Any], examples: Recorded) -> None:
    """Put each example beside the schema that it belongs to."""
    for status, (name, _) in SHARED.items():
        shared = document["components"]["responses"][name]
        _put(shared, examples.get(EVERY_CALL, {}), str(status))
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            of_call = examples.get(f"{method.upper()} {path}", {})
            for status, response in call["responses"].items():
                _put(response, of_call, status)


def _put(response: dict[str, Any], examples: dict[str, Any], status: str) -> None:
    if status in examples and "content" in response:
        response["content"] = {
            # a new one: calls share the old
            name: {**media, "example": examples[status]}
            for name, media in response["content"].items()
        }
