"""`?wait=`: a reply held until something changed, without holding a thread or a connection.

The tag of the last reply comes back in `If-None-Match`, so a change between two calls is seen at
once. Meanwhile the request sleeps on the event loop; SQL runs in the thread pool.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.deps import Service
from api.progress import etag, experiment_view
from api.views import ExperimentView
from api.watching import Sight
from models.states import TERMINAL

LISTEN = 2.0  # seconds within which it is noticed that nobody listens, or that the service stops

T = TypeVar("T")


async def held(
    request: Request,
    service: Service,
    key: str,
    look: Callable[[], Sight[T]],
    enough: Callable[[Sight[T]], bool],
    wait: float,
    subject: str | None = None,
) -> Sight[T]:
    """What `look` sees once it is enough, or after `wait` seconds, or when nobody listens.

    Looks are shared with all who wait under the same `key`; `subject` as in `Watches.of`.
    """
    if not wait:
        return await run_in_threadpool(look)
    deadline = time.monotonic() + wait
    with service.watches.of(key, look, subject) as watched:
        seen = await watched.fresh()
        while not enough(seen) and (left := deadline - time.monotonic()) > 0:
            if service.stopping.is_set() or await request.is_disconnected():
                break
            seen = await watched.other_than(seen, min(left, LISTEN))
    return seen


class Body(NamedTuple):
    """A view as it is sent."""

    json: str
    ended: bool


async def changed_view(
    request: Request, service: Service, experiment_id: str, seen: str | None, wait: float
) -> tuple[str, str]:
    """The view as JSON and its tag, once the tag differs from `seen` or `wait` seconds have passed.

    Without `seen` the first look is what must change. At once when the experiment has ended.
    """

    def look() -> Sight[Body]:
        view = _look(service, experiment_id)
        return Sight(etag(view), Body(view.model_dump_json(), view.state in TERMINAL))

    def enough(found: Sight[Body]) -> bool:
        nonlocal seen
        seen = str(found.mark) if seen is None else seen
        return found.value.ended or not matches(seen, str(found.mark))

    found = await held(request, service, experiment_id, look, enough, wait, experiment_id)
    return found.value.json, str(found.mark)


def _look(service: Service, experiment_id: str) -> ExperimentView:
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)


def matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison, RFC 9110)."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
