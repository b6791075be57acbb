"""One look at the database for all who ask the same at the same time, however many they are.

Two hundred people who watch an experiment are all told of a change at once, and then all ask again:
whether their key is still good, and how the experiment stands. **A look begins after the question
that it answers**, so what is shared is as fresh as what each would have seen alone.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


class Looks(Generic[T]):
    """Looks at one thing, one after the other. Of one event loop, as its tasks are."""

    def __init__(self, look: Callable[[], T]) -> None:
        self.users = 0
        self._look = look
        self._going_on: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def fresh(self) -> T:
        """What a look sees that begins after this call; all who call before it begins share it."""
        return await asyncio.shield(self.soon())  # one who hangs up ends it for nobody else

    def soon(self) -> "asyncio.Task[T]":
        """The look that begins next."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._going_on))
            self._next.add_done_callback(told)
        return self._next

    async def _after(self, before: "asyncio.Task[T] | None") -> T:
        if before is not None:
            await asyncio.wait([before])
        self._going_on, self._next = self._next, None
        return await self._now()

    async def _now(self) -> T:
        return await run_in_threadpool(self._look)


L = TypeVar("L", bound=Looks[Any])


class SharedLooks:
    """What is asked in this process at a moment, by key."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, Looks[Any]] = {}

    async def once(self, key: Hashable, look: Callable[[], T]) -> T:
        """What `look`, in a thread, sees for all who ask for `key` before it begins."""
        with in_use(self._asked, key, Looks(look)) as looks:
            seen: T = await looks.fresh()
        return seen


@contextmanager
def in_use(kept: dict[Hashable, L], key: Hashable, new: L) -> Iterator[L]:
    """What is kept under the key, or else `new`: kept as long as somebody uses it."""
    looks = kept.setdefault(key, new)
    looks.users += 1
    try:
        yield looks
    finally:
        looks.users -= 1
        if not looks.users:
            del kept[key]


def told(done: "asyncio.Future[Any]") -> None:
    """Its fault has been told to whoever waits; nobody may wait any more."""
    if not done.cancelled():
        done.exception()
