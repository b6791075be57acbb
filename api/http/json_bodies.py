"""Reading a JSON body: of limited size, strict, and without any text that a database refuses.

FastAPI would accept a body of any size, NaN, and a key that occurs twice in an object. A spec is
small and is stored for good, so bodies are decoded here.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, NoReturn, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from api.http.problems import UnsupportedMediaType
from models.errors import Invalid, Problem
from models.specs.parse import problem_at

# enforced by `api.access.body_limits`, around every route
MAX_BYTES = 1 << 20  # a spec of 16 arms and 1000 seeds is below 50 kB
MOST_PROBLEMS = 20  # in one reply


async def json_body(request: Request) -> Any:
    """Return the decoded JSON document of the request.

    Raises `UnsupportedMediaType`, or `Invalid` for what is not strict JSON.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"send application/json; the type of this body is {media_type}")
    return decode(await request.body())


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
        problems = [problem_at(detail["loc"], detail) for detail in details]
        raise Invalid(problems[:MOST_PROBLEMS]) from None


def decode(body: bytes) -> Any:
    """Decode strict JSON. Raises `Invalid`, with pointers where there are any."""
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
    except ValueError as error:  # an integer of thousands of digits
        _refuse(f"this JSON cannot be read: {error}")
    problems = list(islice(_bad_texts(document), MOST_PROBLEMS))
    if problems:
        raise Invalid(problems)
    return document


def _refuse(detail: str) -> NoReturn:
    raise Invalid([Problem("", detail)]) from None


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON, and no number may be {name}")


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"the key {twice!r} occurs twice in one object")
    return document


def _bad_texts(value: Any, *parts: str | int) -> Iterator[Problem]:
    """Yield a problem for each text that PostgreSQL cannot store."""
    if isinstance(value, str):
        if "\0" in value:
            yield Problem.at(*parts, detail="contains a NUL character")
        elif any("\ud800" <= character <= "\udfff" for character in value):
            yield Problem.at(*parts, detail="contains half of a surrogate pair")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _bad_texts(item, *parts, index)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _bad_texts(key, *parts)
            yield from _bad_texts(item, *parts, key)
