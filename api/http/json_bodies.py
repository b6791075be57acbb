"""Reading a JSON body: of limited size, strict, and without any text that a database refuses.

FastAPI would accept a body of any size, NaN, and a key that occurs twice in an object. A spec is
small and is stored for good, so bodies are decoded here. In a thread, since a body of a mebibyte
takes the time of a hundred ordinary requests, for which the event loop must not wait; and large
bodies one after the other, since each of these threads holds up the event loop for the milliseconds
in which the decoder lets no other thread run.
"""

import json
import re
import sys
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Annotated, Any, NoReturn, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.exceptions import HTTPException

from api.http.problems import UnsupportedMediaType
from models.errors import Invalid, Problem
from models.specs.pydantic_problems import problem_at

# enforced by `api.access.body_limits`, around every route
MAX_BYTES = 1 << 20  # a spec of 16 arms and 1000 seeds is below 50 kB
LARGE = 64 << 10  # bytes; specs and most predictions are smaller
MOST_VALUES = 20_000  # keys too; a prediction of 1000 pairs has 3,003
MOST_PROBLEMS = 20  # in one reply
TOO_MANY_VALUES = f"a body may have at most {MOST_VALUES:,} keys and values together"
TOO_MANY_DIGITS = (
    f"a whole number has more than {sys.get_int_max_str_digits():,} digits, and no field takes one "
    "so large; write a number of at most 19 digits"
)
# the last mark may be missing: what does not end is read once, not again from each of its marks
_TEXT = re.compile(rb'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_Place = tuple[Any, str | int] | None
"""Where a value stands: the place of what holds it, and its key there; None for the root."""


def install(app: FastAPI) -> None:
    """Give the application its one turn for large bodies. Call this in the event loop."""
    app.state.large_bodies = CapacityLimiter(1)


async def json_body(request: Request) -> Any:
    """Return the decoded JSON document of the request.

    Raises `UnsupportedMediaType`, or `Invalid` for what is not strict JSON.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"send application/json; the type of this body is {media_type}")
    body = await request.body()
    if len(body) <= LARGE:
        return await to_thread.run_sync(decode, body)
    await request.is_disconnected()  # the server goes on reading, or it would not notice
    async with request.app.state.large_bodies:
        if await request.is_disconnected():  # while others were decoded
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the client has gone")
        return await to_thread.run_sync(decode, body)


JsonBody = Annotated[Any, Depends(json_body)]


class RequestBody(BaseModel):
    """The schema of a decoded body; an unknown key is refused, since a typo would be silent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


Body = TypeVar("Body", bound=RequestBody)


def validated(model: type[Body], document: Any, context: object = None) -> Body:
    """Return the decoded document as a `model`; `context` is for the model's own validators.

    Raises `Invalid` with a problem for each wrong field, unknown keys first.
    """
    try:
        return model.model_validate(document, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False)
        details.sort(key=lambda detail: detail["type"] != "extra_forbidden")
        problems = [problem_at(detail["loc"], detail) for detail in details[:MOST_PROBLEMS]]
        raise Invalid(problems) from None


def decode(body: bytes) -> Any:
    """Decode strict JSON. Raises `Invalid`, with pointers where there are any."""
    if len(body) > LARGE and body.lstrip()[:1] in (b"[", b"{") and _has_too_many_values(body):
        _refuse(TOO_MANY_VALUES)
    try:
        document = json.loads(
            body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_distinct_keys
        )
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        _refuse(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse("the JSON is nested too deeply")
    except ValueError:  # what Python says of it tells a programmer how to raise its limit
        _refuse(TOO_MANY_DIGITS)
    problems = list(islice(_bad_texts(document), MOST_PROBLEMS))
    if problems:
        raise Invalid(problems)
    return document


def _has_too_many_values(body: bytes) -> bool:
    """Whether more separators stand outside of texts than values may be.

    It is asked first, because other threads run meanwhile: none does while the decoder makes a
    hundred thousand values.
    """
    seen = end = 0
    for text in _TEXT.finditer(body):
        seen += _separators(body, end, text.start())
        if seen >= MOST_VALUES:
            return True
        end = text.end()
    return seen + _separators(body, end, len(body)) >= MOST_VALUES


def _separators(body: bytes, start: int, end: int) -> int:
    return body.count(b",", start, end) + body.count(b":", start, end)


def _refuse(detail: str) -> NoReturn:
    raise Invalid([Problem("", detail)]) from None


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON, and no number may be {name}")


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            _refuse(f"the key {name[:100]!r} occurs twice in one object")
        document[name] = value
    return document


def _bad_texts(document: Any) -> Iterator[Problem]:
    """Yield a problem for each text that PostgreSQL cannot store.

    Raises `Invalid` for a document of more than `MOST_VALUES`: each may cost a problem of its own.
    """
    found, waiting = 1, [(document, None)]  # type: int, list[tuple[Any, _Place]]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, str):
            if bad := _UNSTORABLE.search(value):
                what = "a NUL character" if bad[0] == "\0" else "half of a surrogate pair"
                yield Problem.at(*_parts(place), detail=f"contains {what}")
        elif isinstance(value, list | dict):
            found += len(value) * (2 if isinstance(value, dict) else 1)
            if found > MOST_VALUES:
                _refuse(TOO_MANY_VALUES)
            waiting += reversed(list(_children(value, place)))


def _children(value: list[Any] | dict[str, Any], place: _Place) -> Iterator[tuple[Any, _Place]]:
    if isinstance(value, list):
        yield from ((item, (place, index)) for index, item in enumerate(value))
        return
    for key, item in value.items():
        yield key, place
        yield item, (place, key)


def _parts(place: _Place) -> list[str | int]:
    parts: list[str | int] = []
    while place is not None:
        place, part = place
        parts.append(part)
    return parts[::-1]
