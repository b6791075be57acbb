"""The errors of each call in the OpenAPI document.

A route declares what its own work raises (`may_answer`). Errors that any call of its kind can have
(a missing key, a body too large, a wrong parameter, a database that is away) are added here, so
that a new route documents them by default.
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
    "description": "RFC 9457. Every error has these fields.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "description": "`urn:tripletlab:problem:…`, or `about:blank`."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, and what to do about it."},
        "instance": {"type": "string", "description": "The path of the request."},
        "errors": {
            "type": "array",
            "description": "Each wrong field, where the error is about fields.",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer into the body, or `/query/NAME`.",
                    },
                    "detail": {"type": "string"},
                    "line": {"type": "integer", "description": "The line of an uploaded file."},
                    "column": {
                        "type": "integer",
                        "description": "Where in a formula, counted from 1.",
                    },
                },
            },
        },
        "rows_refused": {
            "type": "integer",
            "description": "How many rows of an uploaded file cannot be used.",
        },
        "lines_swallowed": {
            "type": "integer",
            "description": "How many lines are inside these rows, after the first of each: what "
            "they hold was not checked.",
        },
    },
}

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which a retry may succeed.",
        "schema": {"type": "integer"},
    }
}
_CHALLENGE = {
    "WWW-Authenticate": {
        "description": "The kind of key that is needed.",
        "schema": {"type": "string"},
    }
}

# errors of any call: status -> name among the document's components, and description
SHARED: dict[int, tuple[str, str]] = {
    401: ("NoKey", "The API key is missing or does not work."),
    403: (
        "NotAllowed",
        "The key does not allow this, or a page of another site sent it.",
    ),
    413: ("TooLarge", "The body is larger than this call accepts."),
    422: ("Wrong", "A query parameter is unknown or wrong; each is named."),
    500: ("Fault", "The service failed; its log has the traceback."),
    503: ("Away", "A required part of the service does not answer; try again soon."),
    507: ("Full", "The disk of the service is full, so nothing was stored."),
}
WRITING = ("post", "delete")  # methods of calls that store something
_HEADERS = {401: _CHALLENGE, 429: _RETRY_AFTER, 503: _RETRY_AFTER}


def may_answer(*errors: type[Exception] | HTTPStatus) -> Responses:
    """Return `responses` of a route that raises these errors or replies with these statuses."""
    responses: Responses = {}
    for error in errors:
        if isinstance(error, HTTPStatus):
            status, title = error, error.phrase
        else:
            status, _, title = STATUSES[error]
        titles = [responses[status]["description"], title] if status in responses else [title]
        responses[int(status)] = problem_response(int(status), "; ".join(titles))
    return responses


def problem_response(status: int, description: str) -> dict[str, Any]:
    """Return a response object with a problem document."""
    response: dict[str, Any] = {"description": description, "content": dict(_CONTENT)}
    if status in _HEADERS:
        response["headers"] = _HEADERS[status]
    return response


def add_problems(document: dict[str, Any]) -> None:
    """Add to each call the errors of its kind, and replace FastAPI's own schema of a 422."""
    components = document["components"]
    components["schemas"]["Problem"] = PROBLEM_SCHEMA
    components["responses"] = {
        name: problem_response(status, words) for status, (name, words) in SHARED.items()
    }
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            responses = call["responses"]
            if MEDIA_TYPE not in responses.get("422", {}).get("content", {}):
                responses.pop("422", None)
            for status, response in _of_its_form(path, method, call):
                responses.setdefault(str(status), response)
            call["responses"] = dict(sorted(responses.items()))
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)


def _of_its_form(
    path: str, method: str, call: dict[str, Any]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for status, (name, _) in SHARED.items():
        if path == LIVENESS and status not in (413, 500):  # it needs no key and no other part
            continue
        if _is_shared(status, path, method, call):
            yield status, {"$ref": f"#/components/responses/{name}"}
    if "{" in path:
        yield 404, problem_response(404, "It does not exist, or it was deleted.")
    if "requestBody" in call:
        yield 415, problem_response(415, "This kind of body is not accepted.")
    if _has_wrong_values(call):
        yield 422, problem_response(422, "Some fields are wrong; each is named.")


def _is_shared(status: int, path: str, method: str, call: dict[str, Any]) -> bool:
    """Return whether the call may give the shared reply of this status."""
    if status == 422:
        return path.startswith("/v1/") and not _has_wrong_values(call)
    return status != 507 or method in WRITING


def _has_wrong_values(call: dict[str, Any]) -> bool:
    return "requestBody" in call or any(map(_may_be_wrong, call.get("parameters", ())))


def _may_be_wrong(parameter: dict[str, Any]) -> bool:
    """Return whether a value can give 422: not one that accepts any text, nor a text of the path,
    which gives 404.
    """
    if parameter["in"] == "path":
        return bool(parameter["schema"].get("type", "string") != "string")
    bound = parameter["schema"].keys() - {"title", "description"}
    any_text = bound == {"type"} and parameter["schema"]["type"] == "string"
    return not any_text


Headers = dict[str, dict[str, Any]]


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


LOCATION: Headers = {"Location": _text("The path of what was created.")}
ETAG: Headers = {"ETag": _text("The tag of this reply, for `If-None-Match`.")}
OUTSIDE = problem_response(416, "`Range` begins behind the end of the file.")
OUTSIDE["headers"] = {"Content-Range": _text("`bytes */` and the length of the file.")}
