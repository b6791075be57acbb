"""Which problems each call may answer with, for the OpenAPI document.

A route names what its own work raises (`may_answer`). What any call of its form may meet (no key, a
body too large, a wrong parameter, a database that is away) is added to all of them here, so that a
new route documents it without saying so.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from api.access.authentication import LIVENESS
from api.http.problems import MEDIA_TYPE, STATUSES

Responses = dict[int | str, dict[str, Any]]

PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "RFC 9457. Every error has this form.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "`urn:tripletlab:problem:…`, or `about:blank`."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do about it."},
        "instance": {"type": "string", "description": "The path that was asked."},
        "errors": {
            "type": "array",
            "description": "Each wrong field, where fields are what is wrong.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer into the body, or `/query/NAME`.",
                    },
                    "detail": {"type": "string"},
                    "line": {"type": "integer", "description": "Of an uploaded file."},
                },
            },
        },
        "rows_refused": {"type": "integer", "description": "Of an uploaded file, all that are."},
    },
}

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which it may work.",
        "schema": {"type": "integer"},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": {"description": "Which key is needed.", "schema": {"type": "string"}}
}

# what any call may meet: status -> name among the document's components, and in words
SHARED: dict[int, tuple[str, str]] = {
    401: ("NoKey", "No API key was sent, or none that works here."),
    403: ("NotAllowed", "The key may not do this, or a page of another site asks."),
    413: ("TooLarge", "The body is larger than this call takes."),
    500: ("Fault", "A fault of the service; its log has the traceback."),
    503: ("Away", "A part that the service needs is away; try again soon."),
}
_HEADERS = {401: _CHALLENGE, 429: _RETRY_AFTER, 503: _RETRY_AFTER}


def may_answer(*errors: type[Exception] | HTTPStatus) -> Responses:
    """`responses` of a route whose work raises these errors, or lets Starlette give this status."""
    found: Responses = {}
    for error in errors:
        if isinstance(error, HTTPStatus):
            status, title = error, error.phrase
        else:
            status, _, title = STATUSES[error]
        said = [found[status]["description"], title] if status in found else [title]
        found[int(status)] = problem_response(int(status), "; ".join(said))
    return found


def problem_response(status: int, description: str) -> dict[str, Any]:
    """A response object with a problem document in it."""
    response: dict[str, Any] = {"description": description, "content": dict(_CONTENT)}
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response


def add_problems(document: dict[str, Any]) -> None:
    """Give each call what calls of its form may meet, in place of FastAPI's own form of a 422."""
    components = document["components"]
    components["schemas"]["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {
        name: problem_response(status, words) for status, (name, words) in SHARED.items()
    }
    for path, calls in document["paths"].items():
        for call in calls.values():
            responses = call["responses"]
            if MEDIA_TYPE not in responses.get("422", {}).get("content", {}):
                responses.pop("422", None)
            for status, response in _of_its_form(path, call):
                responses.setdefault(str(status), response)
            call["responses"] = dict(sorted(responses.items()))
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)


def _of_its_form(path: str, call: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for status, (name, _) in SHARED.items():
        if path != LIVENESS or status in (413, 500):  # liveness asks for no key and touches nothing
            yield status, {"$ref": f"#/components/responses/{name}"}
    if "{" in path:
        yield 404, problem_response(404, "There is no such thing, or it was deleted.")
    if "requestBody" in call:
        yield 415, problem_response(415, "This kind of body is not taken.")
    if "requestBody" in call or any(map(_may_be_wrong, call.get("parameters", ()))):
        yield 422, problem_response(422, "Some fields are wrong; each is named.")


def _may_be_wrong(parameter: dict[str, Any]) -> bool:
    """Not a text of the path, which is not found then, and not one that takes any text."""
    if parameter["in"] == "path":
        return bool(parameter["schema"].get("type", "string") != "string")
    bound = parameter["schema"].keys() - {"title", "description"}
    any_text = bound == {"type"} and parameter["schema"]["type"] == "string"
    return not any_text


Headers = dict[str, dict[str, Any]]


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


LOCATION: Headers = {"Location": _text("Where the new thing is.")}
ETAG: Headers = {"ETag": _text("Send it in `If-None-Match` next time.")}
