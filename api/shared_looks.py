"""One look at the database for all who wait for the same thing, however many they are.

Two hundred people who watch an experiment ask the same question four times a second. A look that is
under way, or has just ended, answers all of them.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

FRESH = 0.1  # seconds from its beginning for which a look is good enough

Seen = TypeVar("Seen")


class SharedLooks(Generic[Seen]):
    """Of one event loop, in which alone its method may be awaited."""

    def __init__(self) -> None:
        self._looks: dict[str, tuple[float, asyncio.Task[Seen]]] = {}

    async def look(self, key: str, work: Callable[[], Seen]) -> Seen:
        """What `work` sees, in a thread; or what it saw for another of the same key just now.

        **For those who wait, not for those who ask**: it may be older than the call by `FRESH`.
        """
        begun, task = self._looks.get(key, (0.0, None))
        if task is None or (task.done() and time.monotonic() - begun >= FRESH):
            task = asyncio.create_task(run_in_threadpool(work))
            self._looks[key] = (time.monotonic(), task)
            task.add_done_callback(lambda done: self._forget_later(key, done))
        return await asyncio.shield(task)  # one who hangs up ends it for nobody else

    def _forget_later(self, key: str, done: asyncio.Task[Seen]) -> None:
        if not done.cancelled():
            done.exception()  # it has been told to whoever waits; nobody may wait any more
        asyncio.get_running_loop().call_later(FRESH, self._forget, key, done)

    def _forget(self, key: str, done: asyncio.Task[Seen]) -> None:
        if self._looks.get(key, (0.0, None))[1] is done:
            del self._looks[key]
