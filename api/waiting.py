"""`?wait=`: a reply held until something changed, without holding a thread or a connection.

The tag of the last reply comes back in `If-None-Match`, so a change between two calls is seen at
once. Between looks the request sleeps on the event loop; SQL runs in the thread pool.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.deps import Service
from api.progress import etag, experiment_view
from api.views import ExperimentView
from models.states import TERMINAL

FIRST_PAUSE = 0.05  # seconds; short at first, since a change is likeliest right after the last
LONGEST_PAUSE = 0.25

Seen = TypeVar("Seen")


async def held(
    request: Request,
    service: Service,
    look: Callable[[], Seen],
    enough: Callable[[Seen], bool],
    wait: float,
    key: str,
) -> Seen:
    """What `look` sees once it is enough, or after `wait` seconds, or when nobody listens.

    The looks after the first are shared with all who wait for the thing of the same `key`.
    """
    deadline = time.monotonic() + wait
    pause = FIRST_PAUSE
    seen = await run_in_threadpool(look)
    while True:
        left = deadline - time.monotonic()
        if enough(seen) or left <= 0:
            return seen
        if service.stopping.is_set() or await request.is_disconnected():
            return seen
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)
        seen = await service.looks.look(key, look)


async def changed_view(
    request: Request, service: Service, experiment_id: str, seen: str | None, wait: float
) -> tuple[ExperimentView, str]:
    """The view and its tag, once the tag differs from `seen` or `wait` seconds have passed.

    Without `seen` the first look is what must change. At once when the experiment has ended.
    """

    def look() -> tuple[ExperimentView, str]:
        view = _look(service, experiment_id)
        return view, etag(view)

    def changed(found: tuple[ExperimentView, str]) -> bool:
        nonlocal seen
        view, tag = found
        seen = tag if seen is None else seen
        return not matches(seen, tag) or view.state in TERMINAL

    return await held(request, service, look, changed, wait, experiment_id)


def _look(service: Service, experiment_id: str) -> ExperimentView:
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)


def matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison, RFC 9110)."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
