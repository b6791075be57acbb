"""Reading a JSON body: bounded, strict, and with nothing in it that a database would refuse.

FastAPI would read a body of any size and take NaN and a key that stands twice; a spec is small and
is kept for good, so it is read by hand here.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from api.http.problems import UnsupportedMediaType
from models.errors import Invalid, Problem

# kept by `api.access.body_limits`, around every route
MAX_BYTES = 1 << 20  # a spec of 16 arms and 1000 seeds is below 50 kB


async def json_body(request: Request) -> Any:
    """The decoded JSON document of the request.

    Raises `UnsupportedMediaType`, or `Invalid` for what is not plain JSON.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(f"send application/json; this body says it is {media_type}")
    return decode(await request.body())


JsonBody = Annotated[Any, Depends(json_body)]


def decode(body: bytes) -> Any:
    """Decode strict JSON; raises `Invalid` with a pointer where one can be given."""
    try:
        document = json.loads(
            body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_distinct_keys
        )
    except UnicodeDecodeError as error:
        _refuse(f"the body is not UTF-8 (byte {error.start})")
    except json.JSONDecodeError as error:
        _refuse(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _refuse("not a spec: it is nested too deeply")
    except ValueError as error:  # an integer of thousands of digits
        _refuse(f"not JSON that can be used: {error}")
    faults = [Problem(pointer, fault) for pointer, fault in _bad_texts(document, "")]
    if faults:
        raise Invalid(faults[:20])
    return document


def _refuse(detail: str) -> NoReturn:
    raise Invalid([Problem("", detail)]) from None


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is not JSON, and no figure of a spec may be it")


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _refuse(f"the key {twice!r} stands twice in one object")
    return found


def _bad_texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Texts that PostgreSQL cannot hold, with their places."""
    if isinstance(value, str):
        if "\0" in value:
            yield pointer, "holds a NUL character"
        elif any("\ud800" <= character <= "\udfff" for character in value):
            yield pointer, "holds half of a surrogate pair, which is no character"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _bad_texts(item, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _bad_texts(key, pointer)
            place = key.replace("~", "~0").replace("/", "~1")
            yield from _bad_texts(item, f"{pointer}/{place}")
