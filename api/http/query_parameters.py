"""Query parameters: one that a call does not have is refused, since a typo would be silent.

`?limt=200` would otherwise be answered as if nothing had been asked for.
"""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from models.errors import Invalid, Problem


async def require_known_parameters(request: Request) -> None:
    """Raises `Invalid` that names each parameter of the request that its route does not have."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = list(dict.fromkeys(_names(route.dependant)))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        has = f"this call has {', '.join(known)}" if known else "this call has none"
        detail = f"unknown parameter; {has}"
        raise Invalid([Problem.at("query", name[:100], detail=detail) for name in unknown])


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
