"""Turns: as many at once as there are, and for each client in its turn."""

import asyncio

from api.live.fair_turns import FairTurns

from support.numbers import run, until


class Scene:
    """Blocks that hold a turn until they are let go, by the order in which they got it."""

    def __init__(self, at_once: int) -> None:
        self.turns = FairTurns(at_once)
        self.began: list[str] = []
        self.go: dict[str, asyncio.Event] = {}

    async def waits(self, client: str, name: str) -> asyncio.Task[None]:
        """A block that has asked for its turn."""
        self.go[name] = asyncio.Event()
        task = asyncio.create_task(self._hold(client, name))
        await asyncio.sleep(0)
        return task

    async def _hold(self, client: str, name: str) -> None:
        async with self.turns.turn(client):
            self.began.append(name)
            await self.go[name].wait()

    async def end(self, name: str) -> None:
        """Let a block go, and whoever is next begin."""
        count = len(self.began)
        self.go[name].set()
        await until(lambda: len(self.began) > count)


def test_no_more_hold_a_turn_than_there_are() -> None:
    async def scene() -> None:
        it = Scene(2)
        tasks = [await it.waits("ann", name) for name in "abc"]
        await asyncio.sleep(0.01)
        assert it.began == ["a", "b"]
        await it.end("b")
        assert it.began == ["a", "b", "c"]
        for name in "ac":
            it.go[name].set()
        await asyncio.gather(*tasks)
        await it.waits("ann", "d")  # all are free again
        await it.waits("ann", "e")
        assert it.began == ["a", "b", "c", "d", "e"]

    run(scene())


def test_clients_take_turns_however_many_turns_one_of_them_waits_for() -> None:
    async def scene() -> None:
        it = Scene(1)
        for name in ("ann 1", "ann 2", "ann 3", "ann 4"):
            await it.waits("ann", name)
        for name in ("bob 1", "bob 2"):
            await it.waits("bob", name)
        await it.waits("cleo", "cleo 1")
        while len(it.began) < 7:
            await it.end(it.began[-1])
        assert it.began == ["ann 1", "ann 2", "bob 1", "cleo 1", "ann 3", "bob 2", "ann 4"]

    run(scene())


def test_who_no_longer_waits_is_passed_over() -> None:
    async def scene() -> None:
        it = Scene(1)
        await it.waits("ann", "first")
        left = [await it.waits("bob", "left"), await it.waits("bob", "left too")]
        await it.waits("cleo", "last")
        for task in left:
            task.cancel()
        await it.end("first")
        assert it.began == ["first", "last"]
        assert not it.turns._waiting

    run(scene())


def test_a_turn_that_is_given_to_one_who_leaves_just_then_goes_to_the_next() -> None:
    async def scene() -> None:
        it = Scene(1)
        await it.waits("ann", "first")
        left = await it.waits("bob", "left")
        await it.waits("cleo", "last")
        it.turns._end()  # as if `first` ended
        left.cancel()
        await until(lambda: len(it.began) == 2)
        assert it.began == ["first", "last"]
        assert left.cancelled()

    run(scene())
