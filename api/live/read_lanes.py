"""Reads that take long: few at a time, one for all who ask the same, and none for nobody.

Python computes in one thread at a time, so forty long reads at once end no sooner than one after
the other, but meanwhile the event loop and every short request wait for their turn among them. A
lane lets a few begin, lets some wait, and refuses the rest with the time after which to try again.
Whoever sends the same key is one client, who may fill only a share of the queue, and clients take
turns; all who need no key are the one user of this machine. A read whose client has gone leaves the
queue, or ends at its next `stop_if_abandoned`.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.live.fair_turns import FairTurns
from api.live.single_flight import retrieve_exception
from models.abandonment import Abandoned, abandonable
from models.errors import TooMany

CHECK_SECONDS = 0.5  # between two looks whether the client is still there
RETRY_SECONDS = 5  # after which one of those that wait may have ended

T = TypeVar("T")


@dataclass
class _Shared:
    """One read for all who asked before it began; in the queue it is that of the first."""

    client: Hashable
    read: Callable[[], Any]
    users: int = 0
    abandoned: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Any:
        with abandonable(self.abandoned.is_set):
            return self.read()


class ReadLane:
    """Reads of which `at_once` run and `waiting` wait, at most `share` of them of one client.

    Belongs to one event loop.
    """

    def __init__(self, at_once: int, waiting: int, share: int) -> None:
        self._most_waiting, self._share = waiting, share
        self._turns = FairTurns(at_once)
        self._threads = CapacityLimiter(at_once)  # of their own: the others are for what is short
        self._to_begin: dict[Hashable, tuple[_Shared, asyncio.Task[Any]]] = {}
        self._waiting: Counter[Hashable] = Counter()  # by client

    async def once(self, request: Request, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, run once for all who ask for `key` before it begins.

        Raises `TooMany` where too many reads wait already.
        """
        if key not in self._to_begin:
            new = _Shared(client_of(request), read)
            self._require_room(new.client)
            self._waiting[new.client] += 1
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
        async with self._turns.turn(shared.client):
            self._remove(key)  # whoever asks from now on gets a later read
            return await to_thread.run_sync(shared.run, limiter=self._threads)

    def _abandon(self, key: Hashable, shared: _Shared, task: "asyncio.Task[Any]") -> None:
        shared.abandoned.set()
        task.add_done_callback(retrieve_exception)
        if key in self._to_begin and self._to_begin[key][0] is shared:  # it need not begin
            self._remove(key)
            task.cancel()

    def _remove(self, key: Hashable) -> None:
        shared, _ = self._to_begin.pop(key)
        self._no_longer_waits(shared.client)

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for a turn, and hold it; what runs in the block is abandoned with its client.

        Raises `TooMany` where too many reads wait already.
        """
        client = client_of(request)
        self._require_room(client)
        async with AsyncExitStack() as held:
            turn = self._turns.turn(client)
            entering = asyncio.create_task(held.enter_async_context(turn))
            self._waiting[client] += 1
            try:
                await _done_or_gone(request, entering)
            finally:
                self._no_longer_waits(client)
                entering.cancel()
            gone = threading.Event()
            looking = asyncio.create_task(_tell_when_gone(request, gone))
            try:
                with abandonable(gone.is_set):
                    yield
            except Abandoned:
                raise _gone() from None
            finally:
                looking.cancel()

    async def step(self, request: Request, work: Callable[[], T]) -> T:
        """Return what `work` returns, in a turn of its own: one step of a reply in pieces."""
        async with self._turns.turn(client_of(request)):
            return await to_thread.run_sync(work, limiter=self._threads)

    def _require_room(self, client: Hashable) -> None:
        if self._waiting[client] >= self._share:
            sentence = (
                f"{self._share} requests of this key that take long wait already; try again when "
                "some of them have been answered"
            )
            raise TooMany(sentence, RETRY_SECONDS)
        if self._waiting.total() >= self._most_waiting:
            sentence = "too many requests that take long wait already; try again in a few seconds"
            raise TooMany(sentence, RETRY_SECONDS)

    def _no_longer_waits(self, client: Hashable) -> None:
        self._waiting[client] -= 1
        if not self._waiting[client]:
            del self._waiting[client]


def client_of(request: Request) -> Hashable:
    """Return the id of the key that was sent, or None."""
    client: Hashable = request.state.caller.key_id
    return client


def _gone() -> HTTPException:
    """What ends a request whose client has gone, so that nobody reads it. Each is a new one: an
    exception that is raised again keeps all it passed through before, and what was held there."""
    return HTTPException(HTTPStatus.REQUEST_TIMEOUT, "the client has gone")


async def _done_or_gone(request: Request, waited_for: "asyncio.Future[Any]") -> None:
    """Return once it is done. Raises `HTTPException` once the client has gone."""
    while not (await asyncio.wait([waited_for], timeout=CHECK_SECONDS))[0]:
        if await request.is_disconnected():
            raise _gone()


async def _tell_when_gone(request: Request, gone: threading.Event) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(CHECK_SECONDS)
    gone.set()
