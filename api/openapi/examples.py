"""The examples of the OpenAPI document: recorded replies of a running service.

`make examples` plays a whole session against a service, and records one reply for each call and
status in `examples.json`, with the same ids and times in every recording. A test plays the session
again and compares, so every example is what the service replies.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from api.openapi.responses import SHARED

EVERY_CALL = "any call"
"""The key in the file of the errors that any call can have."""

Recorded = dict[str, dict[str, Any]]
"""`POST /v1/experiments` -> status -> the body of the reply."""


@cache
def recorded() -> Recorded:
    """Return the recorded examples."""
    examples: Recorded = json.loads(
        files("api.openapi").joinpath("examples.json").read_text("utf-8")
    )
    return examples


def add_examples(document: dict[str, Any], examples: Recorded) -> None:
    """Add each example to the response that it belongs to."""
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
            # a copy, since calls share the original
            name: {**media, "example": examples[status]}
            for name, media in response["content"].items()
        }
