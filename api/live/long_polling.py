"""`?wait=`: a reply held until something changed, without holding a thread or a connection.

The tag of the last reply comes back in `If-None-Match`, so a change between two calls is seen at
once. Meanwhile the request sleeps on the event loop; SQL runs in the thread pool.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from api.live.change_watch import Sight, Watches

LONGEST_WAIT = 60  # seconds; below the idle limits of common proxies
LISTEN = 2.0  # seconds within which it is noticed that nobody listens, or that the service stops

T = TypeVar("T")


async def held(
    request: Request,
    watches: Watches,
    stopping: threading.Event,
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
    with watches.of(key, look, subject) as watched:
        seen = await watched.fresh()
        while not enough(seen) and (left := deadline - time.monotonic()) > 0:
            if stopping.is_set() or await request.is_disconnected():
                break
            seen = await watched.other_than(seen, min(left, LISTEN))
    return seen
