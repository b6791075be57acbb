"""Reads that take long: few at a time, one for all who ask the same, and none for nobody.

Python computes in one thread at a time, so forty long reads at once end no sooner than one after
the other, but meanwhile the event loop and every short request wait for their turn among them. A
lane lets a few begin, lets some wait, and refuses the rest with the time after which to try again.
A read whose client has gone leaves the queue, or ends at its next `stop_if_abandoned`.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.live.single_flight import retrieve_exception
from models.abandonment import Abandoned, abandonable
from models.errors import TooMany

CHECK_SECONDS = 0.5  # between two looks whether the client is still there
RETRY_SECONDS = 5  # after which one of those that wait may have ended

GONE = HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the client has gone")  # so nobody reads this

T = TypeVar("T")


@dataclass
class _Shared:
    """One read for all who asked before it began."""

    read: Callable[[], Any]
    users: int = 0
    abandoned: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Any:
        with abandonable(self.abandoned.is_set):
            return self.read()


class ReadLane:
    """Reads of which `at_once` run and `waiting` wait. Belongs to one event loop."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._most_waiting, self._entering = waiting, 0
        self._free = asyncio.Semaphore(at_once)
        self._threads = CapacityLimiter(at_once)  # of their own: the others are for what is short
        self._to_begin: dict[Hashable, tuple[_Shared, asyncio.Task[Any]]] = {}

    async def once(self, request: Request, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, run once for all who ask for `key` before it begins.

        Raises `TooMany` where too many reads wait already.
        """
        if key not in self._to_begin:
            self._require_room()
            new = _Shared(read)
            self._to_begin[key] = new, asyncio.create_task(self._carry_out(key, new))
        shared, task = self._to_begin[key]
        shared.users += 1
        try:
            await _done_or_gone(request, task)
            result: T = task.result()
            return result
        finally:
            shared.users -= 1
            if not shared.users and not task.done():
                self._abandon(key, shared, task)

    async def _carry_out(self, key: Hashable, shared: _Shared) -> Any:
        async with self._free:
            del self._to_begin[key]  # whoever asks from now on gets a later read
            return await to_thread.run_sync(shared.run, limiter=self._threads)

    def _abandon(self, key: Hashable, shared: _Shared, task: "asyncio.Task[Any]") -> None:
        shared.abandoned.set()
        task.add_done_callback(retrieve_exception)
        if key in self._to_begin and self._to_begin[key][0] is shared:  # it need not begin
            del self._to_begin[key]
            task.cancel()

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for a turn, and hold it; what runs in the block is abandoned with its client.

        Raises `TooMany` where too many reads wait already.
        """
        self._require_room()
        async with AsyncExitStack() as held:
            entering = asyncio.create_task(held.enter_async_context(self._free))
            self._entering += 1
            try:
                await _done_or_gone(request, entering)
            finally:
                self._entering -= 1
                entering.cancel()
            gone = threading.Event()
            looking = asyncio.create_task(_tell_when_gone(request, gone))
            try:
                with abandonable(gone.is_set):
                    yield
            except Abandoned:
                raise GONE from None
            finally:
                looking.cancel()

    async def step(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, in a turn of its own: one step of a reply in pieces."""
        async with self._free:
            return await to_thread.run_sync(work, limiter=self._threads)

    def _require_room(self) -> None:
        if len(self._to_begin) + self._entering >= self._most_waiting:
            sentence = "too many requests that take long wait already; try again in a few seconds"
            raise TooMany(sentence, RETRY_SECONDS)


async def _done_or_gone(request: Request, waited_for: "asyncio.Future[Any]") -> None:
    """Return once it is done. Raises `GONE` once the client has gone."""
    while not (await asyncio.wait([waited_for], timeout=CHECK_SECONDS))[0]:
        if await request.is_disconnected():
            raise GONE


async def _tell_when_gone(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(CHECK_SECONDS)
    gone.set()
