"""Single flight: one read of the database for all requests that need the same thing at once.

Two hundred clients that follow an experiment all learn of a change at the same time, and then all
ask again: whether their key still works, and how the experiment stands. **A read begins after
every request that it answers**, so a shared answer is as fresh as if each request had read alone.
Once all who needed it have gone, it does not begin, or ends at its next `stop_if_abandoned`.
"""

import asyncio
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from models.abandonment import abandonable, stop_if_abandoned

T = TypeVar("T")


class Flight(Generic[T]):
    """Reads of one thing, one after the other. Belongs to one event loop, as its tasks do.

    `threads` limits how many of them run at once, apart from all other threads.
    """

    def __init__(self, read: Callable[[], T], threads: CapacityLimiter | None = None) -> None:
        self.users = 0
        self.abandoned = threading.Event()
        self._read, self._threads = read, threads
        self._current: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def fresh(self) -> T:
        """Return the result of a read that begins after this call; all earlier calls share it."""
        return await asyncio.shield(self.schedule())  # a client that hangs up cancels no other's

    def schedule(self) -> "asyncio.Task[T]":
        """Return the read that begins next, and schedule it where there is none yet."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._current))
            self._next.add_done_callback(retrieve_exception)
        return self._next

    async def _after(self, previous: "asyncio.Task[T] | None") -> T:
        if previous is not None:
            await asyncio.wait([previous])
        self._current, self._next = self._next, None
        return await self._run()

    async def _run(self) -> T:
        return await to_thread.run_sync(self._read_if_wanted, limiter=self._threads)

    def _read_if_wanted(self) -> T:
        with abandonable(self.abandoned.is_set):
            stop_if_abandoned()
            return self._read()


F = TypeVar("F", bound=Flight[Any])


class SingleFlight:
    """The shared reads of this process, by key."""

    def __init__(self, threads: CapacityLimiter | None = None) -> None:
        self._flights: dict[Hashable, Flight[Any]] = {}
        self._threads = threads

    async def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, run in a thread once for all who need `key` by then."""
        with in_use(self._flights, key, Flight(read, self._threads)) as flight:
            result: T = await flight.fresh()
        return result


@contextmanager
def in_use(flights: dict[Hashable, F], key: Hashable, new: F) -> Iterator[F]:
    """Yield the flight under the key, or else `new`; it is kept while there are users of it."""
    flight = flights.setdefault(key, new)
    flight.users += 1
    try:
        yield flight
    finally:
        flight.users -= 1
        if not flight.users:
            flight.abandoned.set()
            del flights[key]


def retrieve_exception(done: "asyncio.Future[Any]") -> None:
    """Mark the exception of a future as handled: whoever waits gets it, if there is anyone."""
    if not done.cancelled():
        done.exception()
