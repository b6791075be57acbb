"""Parameters of a request: one that a call does not have is refused, and one that is given twice.

`?limt=200` would otherwise be answered as if nothing had been asked for, and `?limit=5&limit=200`
as if only its last value had been sent. Parameters that are lists may repeat, within their bounds.
"""

from collections import Counter
from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from models.errors import Invalid, Problem

TWICE = "is given {count} times, and has one value; send it once"
LISTS = {"if-none-match"}
"""Headers whose lines count as one list (RFC 9110, section 5.3)."""


async def require_known_parameters(request: Request) -> None:
    """Raises `Invalid` that names each parameter of the request that its route does not have, or
    that it has once and was given more often; headers of the route's own are held to the same."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    problems = [*_wrong_in_query(request, route.dependant), *_repeated_headers(request, route)]
    if problems:
        raise Invalid(problems)


def given_twice(name: str, count: int, *place: str) -> Problem:
    """The problem of a value that was sent `count` times; `place` is what holds its name."""
    return Problem.at(*place, name[:100], detail=TWICE.format(count=count))


def _wrong_in_query(request: Request, dependant: Dependant) -> Iterator[Problem]:
    if not request.query_params:
        return
    known = dict(_query_parameters(dependant))
    has = f"this call has {', '.join(known)}" if known else "this call has none"
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            yield Problem.at("query", name[:100], detail=f"unknown parameter; {has}")
        elif count > 1 and not known[name]:
            yield given_twice(name, count, "query")


def _repeated_headers(request: Request, route: APIRoute) -> Iterator[Problem]:
    """A proxy may send a header of a list in several lines, but these have one value."""
    for name in dict.fromkeys(_header_names(route.dependant)):
        count = len(request.headers.getlist(name))
        if count > 1 and name not in LISTS:
            yield given_twice(name, count, "header")


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The name of each parameter, and whether it is a list."""
    for field in dependant.query_params:
        yield field.alias, _is_list(field.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _query_parameters(inner)


def _header_names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias.lower() for field in dependant.header_params)
    for inner in dependant.dependencies:
        yield from _header_names(inner)


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_is_list, get_args(annotation)))
    return annotation is list or get_origin(annotation) is list
