"""Things that are waited for: nobody looks at them while nothing happens, and then one for all.

Two hundred people who watch an experiment sleep until its mark has changed, and are then answered
by one look. The newest look is kept, so nobody is ever told something older than what they knew.
"""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

from api.live.single_flight import Looks, in_use, told

PAUSE = 0.1  # seconds between two questions whether something has changed
LONGEST = 5.0  # seconds after which a thing is looked at all the same

T = TypeVar("T")


class Sight(NamedTuple, Generic[T]):
    """What a look saw. Two of equal marks say the same."""

    mark: object
    value: T


class Watched(Looks[Sight[T]]):
    """One thing that is waited for."""

    def __init__(self, look: Callable[[], Sight[T]], subject: str | None) -> None:
        super().__init__(look)
        self.subject, self.looked_at = subject, 0.0
        self._newest: Sight[T] | None = None
        self._turn: asyncio.Future[Sight[T]] = asyncio.get_running_loop().create_future()

    async def other_than(self, seen: Sight[T], seconds: float) -> Sight[T]:
        """The newest that differs from `seen`, or `seen` when there is none within `seconds`.

        Raises what the look raised.
        """
        if self._newest is not None and self._newest.mark != seen.mark:
            return self._newest
        turn = self._turn
        await asyncio.wait([turn], timeout=seconds)
        return turn.result() if turn.done() else seen

    async def _now(self) -> Sight[T]:
        self.looked_at = asyncio.get_running_loop().time()
        try:
            seen = await super()._now()
        except Exception as fault:
            self._take_turn().set_exception(fault)
            raise
        if self._newest is None or self._newest.mark != seen.mark:
            self._newest = seen
            self._take_turn().set_result(seen)
        return seen

    def _take_turn(self) -> "asyncio.Future[Sight[T]]":
        turn, self._turn = self._turn, asyncio.get_running_loop().create_future()
        turn.add_done_callback(told)
        return turn


class Watches:
    """All that is waited for in this process, by key, while somebody waits.

    `marks` tells of some experiments, in a thread, a mark each that changes when they do.
    """

    def __init__(self, marks: Callable[[Collection[str]], Mapping[str, object]]) -> None:
        self._marks = marks
        self._last: Mapping[str, object] = {}
        self._all: dict[Hashable, Watched[Any]] = {}
        self._keeper: asyncio.Task[None] | None = None

    @contextmanager
    def of(
        self, key: Hashable, look: Callable[[], Sight[T]], subject: str | None = None
    ) -> Iterator[Watched[T]]:
        """What all share who wait under `key`. It is looked at when the mark of `subject`, an
        experiment, has changed; without a subject at each turn."""
        with in_use(self._all, key, Watched(look, subject)) as watched:
            if self._keeper is None:
                self._keeper = asyncio.create_task(self._keep_looking())
            yield watched

    async def _keep_looking(self) -> None:
        try:
            while self._all:
                await asyncio.sleep(PAUSE)
                changed = await self._changed()
                late = asyncio.get_running_loop().time() - LONGEST
                for watched in self._all.values():
                    if watched.subject in changed or watched.looked_at < late:
                        watched.soon()
        finally:
            self._keeper = None

    async def _changed(self) -> set[str | None]:
        """The subjects that are to be looked at, and None for things that have none."""
        subjects = {one.subject for one in self._all.values() if one.subject is not None}
        if not subjects:
            return {None}
        try:
            found = await run_in_threadpool(self._marks, subjects)
        except Exception:  # the looks will meet the same, and tell it to those who wait
            return {None, *subjects}
        last, self._last = self._last, {one: found.get(one) for one in subjects}
        same = {one for one in subjects if one in last and last[one] == self._last[one]}
        return {None, *(subjects - same)}
