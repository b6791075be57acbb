"""Every error as a problem document (RFC 9457), with the one table of exceptions and statuses.

Routes raise the project's own errors and never choose a status. What FastAPI and Starlette raise
themselves (404, 405, 422) is converted here too, so a client has only one schema to parse.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.http.security_headers import security_headers
from api.http.storage_faults import storage_fault
from models.datasets.errors import BadRows, DatasetFileError
from models.errors import (
    Conflict,
    DamagedRunFile,
    Invalid,
    NotFound,
    Problem,
    ServiceUnavailable,
    StaleAttempt,
    TooMany,
    Unreadable,
)
from models.pretrained.errors import ModelFileError
from models.store.access.scopes import Scope
from models.vectors.errors import UnsupportedVectorFile, VectorFileError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = {"Retry-After": "5"}
MOST_ERRORS = 100  # in one reply: a body may have an error in each of its values
MOST_CHARACTERS = 1000  # of a pointer or a sentence: a key of a body may be a megabyte long

log = logging.getLogger(__name__)


class TooLarge(HTTPException):
    """The body is larger than this resource accepts.

    It is an `HTTPException`, since FastAPI passes on no other exception that is raised while it
    reads a form. `cut_off` says that the sender is still sending, so the connection must be closed.
    """

    def __init__(self, detail: str, *, cut_off: bool = False) -> None:
        self.cut_off = cut_off
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)

    def __str__(self) -> str:
        return self.detail


class Unauthorized(Exception):
    """The key is missing or does not work; `token_was_sent` says which."""

    def __init__(self, detail: str, *, token_was_sent: bool = False) -> None:
        self.challenge = 'Bearer realm="tripletlab"'
        if token_was_sent:
            self.challenge += ', error="invalid_token"'
        super().__init__(detail)


class Forbidden(Exception):
    """The key works, but does not allow this; `needed` is the scope that does."""

    def __init__(self, detail: str, needed: Scope) -> None:
        scope = needed.name.lower()
        self.challenge = f'Bearer realm="tripletlab", error="insufficient_scope", scope="{scope}"'
        super().__init__(detail)


class CrossSite(Exception):
    """A page of another site made a browser on this machine send the request."""


class UnsupportedMediaType(Exception):
    """This resource does not accept a body of this media type."""


class NotInstalled(Exception):
    """A library is not installed; `need` says what needs it, in a few words, and `extra` brings
    it."""

    def __init__(self, need: str, *, extra: str = "exports") -> None:
        super().__init__(f"{need}: where the API runs, pip install 'tripletlab[{extra}]'")


class KeyReused(Exception):
    """An `Idempotency-Key` was sent again with another body."""


_MEDIA_TYPE = (
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "media-type", "This kind of body is not accepted",
)  # fmt: skip

# exception -> status, last part of the problem's type, title; the first class in the MRO counts
STATUSES: Mapping[type[Exception], tuple[HTTPStatus, str, str]] = {
    NotFound: (HTTPStatus.NOT_FOUND, "not-found", "Not found"),
    Conflict: (HTTPStatus.CONFLICT, "conflict", "Conflict with the current state"),
    StaleAttempt: (HTTPStatus.CONFLICT, "stale-attempt", "Another attempt owns the run"),
    Invalid: (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "Some fields are wrong"),
    KeyReused: (HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", "Idempotency-Key used before"),
    BadRows: (HTTPStatus.UNPROCESSABLE_ENTITY, "bad-rows", "Some rows cannot be used"),
    DatasetFileError: (HTTPStatus.UNPROCESSABLE_ENTITY, "bad-file", "The file cannot be used"),
    ModelFileError: (HTTPStatus.UNPROCESSABLE_ENTITY, "bad-model", "The model cannot be used"),
    UnsupportedVectorFile: _MEDIA_TYPE,
    VectorFileError: (
        HTTPStatus.UNPROCESSABLE_ENTITY, "bad-vectors", "The token vectors cannot be used",
    ),
    TooLarge: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "The body is too large"),
    Unauthorized: (HTTPStatus.UNAUTHORIZED, "unauthorized", "An API key is needed"),
    Forbidden: (HTTPStatus.FORBIDDEN, "forbidden", "This key may not do that"),
    CrossSite: (HTTPStatus.FORBIDDEN, "cross-site", "Sent by a page of another site"),
    TooMany: (HTTPStatus.TOO_MANY_REQUESTS, "too-many", "A limit is reached"),
    UnsupportedMediaType: _MEDIA_TYPE,
    Unreadable: (
        HTTPStatus.INTERNAL_SERVER_ERROR, "unreadable", "Stored by another version",
    ),
    DamagedRunFile: (
        HTTPStatus.INTERNAL_SERVER_ERROR, "damaged-run-file", "A file of a run is damaged",
    ),
    NotInstalled: (HTTPStatus.NOT_IMPLEMENTED, "not-installed", "Not installed here"),
    ServiceUnavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "away", "A required part does not answer"),
    IntegrityError: (HTTPStatus.CONFLICT, "conflict", "Conflict with the current state"),
    OperationalError: (HTTPStatus.SERVICE_UNAVAILABLE, "away", "The database does not answer"),
    OSError: (HTTPStatus.INTERNAL_SERVER_ERROR, "files", "A file cannot be used"),
}  # fmt: skip

DATABASE_WORDS: Mapping[type[Exception], str] = {
    IntegrityError: "Something that this request depends on changed meanwhile; try again.",
    OperationalError: "The database does not answer; try again in a few seconds.",
}


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    for kind in STATUSES:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _request)
    app.add_exception_handler(Exception, _unknown)


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    *,
    kind: str | None = None,
    title: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """Return a problem document; `members` are further fields such as `errors`."""
    document = {
        "type": f"urn:tripletlab:problem:{kind}" if kind else "about:blank",
        "title": title or status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": request.url.path,
        **members,
    }
    return JSONResponse(document, int(status), headers, MEDIA_TYPE)


async def answer(request: Request, error: Exception) -> JSONResponse:
    """Return the problem document of an error that is in `STATUSES`."""
    fault = storage_fault(error)
    if fault is not None:
        log.error("storage: %s", error, exc_info=error)
        return problem(request, fault.status, fault.detail, kind=fault.kind, title=fault.title)
    status, kind, title = next(STATUSES[base] for base in type(error).__mro__ if base in STATUSES)
    if isinstance(error, DamagedRunFile):
        log.error("storage: %s", error, exc_info=error.__cause__)
    headers = _headers(error, status)
    members = _members(error)
    detail = _sentence(members["errors"]) if isinstance(error, Invalid) else str(error) or title
    if isinstance(error, IntegrityError | OperationalError):
        log.error("database: %s", error)  # SQL belongs in the log, not in the reply
        detail = DATABASE_WORDS[type(error)]
    return problem(request, status, detail, kind=kind, title=title, headers=headers, **members)


def _headers(error: Exception, status: HTTPStatus) -> Mapping[str, str] | None:
    if isinstance(error, Unauthorized | Forbidden):
        return {"WWW-Authenticate": error.challenge}
    if isinstance(error, TooLarge) and error.cut_off:
        return {"Connection": "close"}
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    return RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None


def _members(error: Exception) -> dict[str, Any]:
    match error:
        case Invalid():
            shown = error.problems[:MOST_ERRORS]
            listed = [_listed(one) for one in shown]
            if more := len(error.problems) - len(shown):
                listed.append({"pointer": "", "detail": f"and {more:,} more errors"})
            return {"errors": listed}
        case BadRows():
            errors = [
                {"pointer": "/file", "line": line, "detail": f"{error.place} {line}: {reason}"}
                for line, reason in error.examples
            ]
            counts = {"rows_refused": error.count, "lines_swallowed": error.swallowed}
            return {**counts, "errors": errors}
        case ModelFileError() | VectorFileError():
            return {"errors": [{"pointer": "/file", "detail": str(error)}]}
        case DatasetFileError():
            return {"errors": [{"pointer": f"/{error.field}", "detail": str(error)}]}
        case _:
            return {}


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    detail = error.detail
    if detail == status.phrase:
        detail = _plain_words(request, status) or detail
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem(request, status, detail, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Return all methods of this path; Starlette gives those of the first route only."""
    methods: set[str] = set()
    for method in ("GET", "POST", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes):
            methods.add(method)
    return sorted(methods)


def _plain_words(request: Request, status: HTTPStatus) -> str | None:
    if status is HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.url.path}; /docs lists all paths."
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return f"{request.url.path} does not accept {request.method}."
    return None


async def _request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = [
        Problem.at(*_parts(detail["loc"]), detail=detail["msg"]) for detail in error.errors()
    ]
    return await answer(request, Invalid(problems))


def _listed(one: Problem) -> dict[str, Any]:
    found: dict[str, Any] = {"pointer": _cut(one.pointer), "detail": _cut(one.detail)}
    return found if one.column is None else {**found, "column": one.column}


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def _sentence(errors: Sequence[Mapping[str, Any]]) -> str:
    """Return all errors in one line; the pointer of the whole document is empty and left out."""
    return "; ".join(f"{one['pointer']}: {one['detail']}".lstrip(": ") for one in errors)


def _parts(location: Sequence[int | str]) -> Sequence[int | str]:
    """Return the place in the body, or `query` or `header` and the name of a parameter."""
    return location[1:] if location and location[0] == "body" else location


async def _unknown(request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises the error again after this reply, so the server logs the traceback and closes
    # the connection; a client that is not told would send its next request into it
    closing = {"Connection": "close"}
    return problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The service failed; its log has the traceback.",
        # this reply does not pass through the middleware
        headers={**security_headers(request.scope["scheme"]), **closing},
    )
