"""`?wait=`: a reply held until something changed, without holding a thread or a connection.

The tag of the last reply comes back in `If-None-Match`, so a change between two calls is seen at
once. Between looks the request sleeps on the event loop; SQL runs in the thread pool.
"""

import asyncio
import time

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.deps import Service
from api.progress import etag, experiment_view
from api.views import ExperimentView
from models.states import TERMINAL

FIRST_PAUSE = 0.05  # seconds; short at first, since a change is likeliest right after the last
LONGEST_PAUSE = 0.5


async def changed_view(
    request: Request, service: Service, experiment_id: str, seen: str | None, wait: float
) -> tuple[ExperimentView, str]:
    """The view and its tag, once the tag differs from `seen` or `wait` seconds have passed.

    Without `seen` the first look is what must change. At once when the experiment has ended.
    """
    deadline = time.monotonic() + wait
    pause = FIRST_PAUSE
    while True:
        view = await run_in_threadpool(_look, service, experiment_id)
        tag = etag(view)
        if seen is None:
            seen = tag
        left = deadline - time.monotonic()
        if not matches(seen, tag) or view.state in TERMINAL or left <= 0:
            return view, tag
        if service.stopping.is_set() or await request.is_disconnected():
            return view, tag
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _look(service: Service, experiment_id: str) -> ExperimentView:
    with service.database.reading() as session:
        return experiment_view(service, session, experiment_id)


def matches(header: str | None, tag: str) -> bool:
    """Whether an `If-None-Match` header names the tag (weak comparison, RFC 9110)."""
    if header is None:
        return False
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
