"""Watching for changes: one poll of the database, and one read, for all requests that wait.

Two hundred clients that follow an experiment sleep until its change mark has moved, and are then
answered by one read. The newest snapshot is kept, so no client gets an older one than it has.
"""

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread

from api.live.single_flight import Flight, in_use, retrieve_exception

POLL_SECONDS = 0.1  # between two reads of the change marks
MAX_AGE_SECONDS = 5.0  # of a snapshot, after which it is read again although no mark has moved

T = TypeVar("T")


class Snapshot(NamedTuple, Generic[T]):
    """What a read returned. Snapshots of equal versions say the same."""

    version: object
    value: T


class Watch(Flight[Snapshot[T]]):
    """One watched thing; the mark of `subject` tells when to read it again."""

    def __init__(
        self,
        read: Callable[[], Snapshot[T]],
        subject: str,
        threads: CapacityLimiter | None = None,
    ) -> None:
        super().__init__(read, threads)
        self.subject, self.read_at = subject, 0.0
        self._newest: Snapshot[T] | None = None
        self._change: asyncio.Future[Snapshot[T]] = asyncio.get_running_loop().create_future()

    async def changed_from(self, known: Snapshot[T], seconds: float) -> Snapshot[T]:
        """Return the newest snapshot once it differs from `known`, or `known` after `seconds`.

        Raises what the read raised.
        """
        if self._newest is not None and self._newest.version != known.version:
            return self._newest
        change = self._change
        await asyncio.wait([change], timeout=seconds)
        return change.result() if change.done() else known

    async def _run(self) -> Snapshot[T]:
        self.read_at = asyncio.get_running_loop().time()
        try:
            snapshot = await super()._run()
        except Exception as error:
            self._take_change().set_exception(error)
            raise
        if self._newest is None or self._newest.version != snapshot.version:
            self._newest = snapshot
            self._take_change().set_result(snapshot)
        return snapshot

    def _take_change(self) -> "asyncio.Future[Snapshot[T]]":
        """Return the future that all now wait on; those who come later wait on another."""
        change, self._change = self._change, asyncio.get_running_loop().create_future()
        change.add_done_callback(retrieve_exception)
        return change


class ChangeWatch:
    """The watches of this process, by key. One task polls for all of them, while there are any.

    `change_marks` is called in a thread with ids of subjects, and returns for each a mark that
    moves when the subject changes. `threads` is that of `Flight`.
    """

    def __init__(
        self,
        change_marks: Callable[[Collection[str]], Mapping[str, object]],
        threads: CapacityLimiter | None = None,
    ) -> None:
        self._change_marks, self._threads = change_marks, threads
        self._last_marks: Mapping[str, object] = {}
        self._watches: dict[Hashable, Watch[Any]] = {}
        self._poller: asyncio.Task[None] | None = None

    @contextmanager
    def watch(
        self, key: Hashable, read: Callable[[], Snapshot[T]], subject: str
    ) -> Iterator[Watch[T]]:
        """Yield the watch that all share under `key`.

        It is read again when the mark of `subject` has moved.
        """
        with in_use(self._watches, key, Watch(read, subject, self._threads)) as watch:
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll())
            yield watch

    async def _poll(self) -> None:
        try:
            while self._watches:
                await asyncio.sleep(POLL_SECONDS)
                changed = await self._changed()
                oldest = asyncio.get_running_loop().time() - MAX_AGE_SECONDS
                for watch in self._watches.values():
                    if watch.subject in changed or watch.read_at < oldest:
                        watch.schedule()
        finally:
            self._poller = None

    async def _changed(self) -> set[str]:
        """Return the subjects to read again."""
        ids = {watch.subject for watch in self._watches.values()}
        try:
            marks = await to_thread.run_sync(self._change_marks, ids, limiter=self._threads)
        except Exception:  # the reads will fail in the same way, and tell those who wait
            return ids
        last, self._last_marks = self._last_marks, {one: marks.get(one) for one in ids}
        same = {one for one in ids if one in last and last[one] == self._last_marks[one]}
        return ids - same
