"""Long polling (`?wait=`): a reply that is held until something changes.

The tag of the last reply comes back in `If-None-Match`, so a change between two calls is seen at
once. Meanwhile the request sleeps on the event loop and holds neither a thread nor a connection to
the database; SQL runs in the thread pool.
"""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request

from api.live.change_watch import ChangeWatch, Snapshot

LONGEST_WAIT = 60  # seconds; below the idle limits of common proxies
CHECK_SECONDS = 2.0  # between two checks whether the client is gone, or the service stops

T = TypeVar("T")


async def wait_for_change(
    request: Request,
    changes: ChangeWatch,
    stopping: threading.Event,
    subject: str,
    read: Callable[[], Snapshot[T]],
    *,
    until: Callable[[Snapshot[T]], bool],
    wait: float,
) -> Snapshot[T]:
    """Return the snapshot that satisfies `until`, or the newest one after `wait` seconds.

    It also ends when the client has gone or the service stops. Reads are shared by all who ask for
    the same `subject` meanwhile, which is that of `ChangeWatch.watch`.
    """
    deadline = time.monotonic() + wait
    with changes.watch(subject, read, subject) as watch:
        snapshot = await watch.fresh()
        while not until(snapshot) and (left := deadline - time.monotonic()) > 0:
            if stopping.is_set() or await request.is_disconnected():
                break
            snapshot = await watch.changed_from(snapshot, min(left, CHECK_SECONDS))
    return snapshot
