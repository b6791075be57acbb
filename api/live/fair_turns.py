"""Turns: so many at once, and among those who wait, one of each client after the other.

In a plain queue whoever sends a hundred requests is served a hundred times before the next client
is served once. Here a client waits for one turn of each other client, however many they wait for.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairTurns:
    """Turns of which `at_once` are held at a time. Belongs to one event loop."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        # the client whose turn is next comes first; each with its requests, oldest first
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, client: Hashable) -> AsyncIterator[None]:
        """Wait for a turn of this client, and hold it for the block."""
        await self._begin(client)
        try:
            yield
        finally:
            self._end()

    async def _begin(self, client: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                self._forget(client, mine)
            else:  # the turn was given in the same moment
                self._end()
            raise

    def _forget(self, client: Hashable, turn: "asyncio.Future[None]") -> None:
        self._waiting[client].remove(turn)
        if not self._waiting[client]:
            del self._waiting[client]

    def _end(self) -> None:
        for client, turns in self._waiting.items():
            # one that was cancelled stays until its task has noticed
            given = next((turn for turn in turns if not turn.done()), None)
            if given is not None:
                given.set_result(None)
                self._forget(client, given)
                if turns:
                    self._waiting[client] = self._waiting.pop(client)  # now the last
                return
        self._free += 1
