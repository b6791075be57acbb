"""Those who wait for a thing are told by one look, and never hear older news than they knew."""

import asyncio
from collections.abc import Callable, Collection, Mapping

import pytest

from api.live import change_watch
from api.live.change_watch import Sight, Watched, Watches

from support.numbers import SOON, Thing, run, until


def sight(thing: Thing) -> Callable[[], Sight[int]]:
    def look() -> Sight[int]:
        number = thing()
        return Sight(number, number)

    return look


class Marked:
    """Marks that a test changes."""

    def __init__(self) -> None:
        self.marks: dict[str, object] = {"it": 0, "other": 0}
        self.asked: list[set[str]] = []

    def __call__(self, subjects: Collection[str]) -> Mapping[str, object]:
        self.asked.append(set(subjects))
        return {one: self.marks[one] for one in subjects if one in self.marks}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_watch, "PAUSE", 0.005)
    monkeypatch.setattr(change_watch, "LONGEST", 3600.0)


def test_nothing_is_looked_at_while_its_mark_stays_and_all_are_told_when_it_moves() -> None:
    async def scene() -> None:
        thing, marked = Thing(), Marked()
        watches = Watches(marked)
        with watches.of("it", sight(thing), "it") as watched:
            seen = await watched.fresh()
            told = [asyncio.create_task(watched.other_than(seen, SOON)) for _ in range(50)]
            await until(lambda: len(marked.asked) > 5)
            looks = thing.looks
            await until(lambda: len(marked.asked) > 15)
            assert thing.looks == looks <= 2
            thing.number, marked.marks["it"] = 1, 1
            assert [one.value for one in await asyncio.gather(*told)] == [1] * 50
            assert thing.looks == looks + 1

    run(scene())


def test_a_thing_that_is_gone_is_looked_at_once_more_and_then_left_alone() -> None:
    async def scene() -> None:
        thing, marked = Thing(), Marked()
        with Watches(marked).of("it", sight(thing), "it") as watched:
            await watched.fresh()
            await until(lambda: len(marked.asked) > 5)
            looks = thing.looks
            del marked.marks["it"]
            await until(lambda: thing.looks > looks)
            asked = len(marked.asked)
            await until(lambda: len(marked.asked) > asked + 10)
            assert thing.looks == looks + 1

    run(scene())


def test_a_change_between_the_look_and_the_waiting_is_told_at_once() -> None:
    async def scene() -> None:
        thing = Thing()
        watched = Watched(sight(thing), None)
        seen = await watched.fresh()
        thing.number = 1
        await watched.fresh()
        assert (await watched.other_than(seen, SOON)).value == 1

    run(scene())


def test_without_a_change_the_same_is_told_after_the_wait() -> None:
    async def scene() -> None:
        with Watches(Marked()).of("it", sight(Thing()), "it") as watched:
            seen = await watched.fresh()
            assert await watched.other_than(seen, 0.05) is seen

    run(scene())


def test_a_thing_without_a_mark_is_looked_at_each_turn() -> None:
    async def scene() -> None:
        thing, marked = Thing(), Marked()
        with Watches(marked).of("answer", sight(thing)) as watched:
            seen = await watched.fresh()
            thing.number = 5
            assert (await watched.other_than(seen, SOON)).value == 5
        assert marked.asked == []

    run(scene())


def test_what_no_mark_tells_is_seen_a_little_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        thing = Thing()
        with Watches(Marked()).of("it", sight(thing), "it") as watched:
            seen = await watched.fresh()
            await asyncio.sleep(0.1)
            thing.number = 5  # and its mark stays
            assert (await watched.other_than(seen, 0.05)).value == 0
            monkeypatch.setattr(change_watch, "LONGEST", 0.0)
            assert (await watched.other_than(seen, SOON)).value == 5

    run(scene())


def test_a_fault_is_told_to_everyone_and_looked_at_anew() -> None:
    async def scene() -> None:
        broken = True

        def look() -> Sight[int]:
            if broken:
                raise KeyError("gone")
            return Sight(1, 1)

        def marks(_: Collection[str]) -> Mapping[str, object]:
            raise ConnectionError("the database is away")

        with Watches(marks).of("it", look, "it") as watched:
            both = (watched.fresh(), watched.other_than(Sight(1, 1), SOON))
            faults = await asyncio.gather(*both, return_exceptions=True)
            assert [type(fault) for fault in faults] == [KeyError, KeyError]
            broken = False
            assert (await watched.fresh()).value == 1

    run(scene())


def test_what_nobody_waits_for_is_forgotten_and_no_longer_asked_about() -> None:
    async def scene() -> None:
        marked = Marked()
        watches = Watches(marked)
        with watches.of("it", sight(Thing()), "it"):
            with (
                watches.of("other", sight(Thing()), "other"),
                watches.of("it", sight(Thing()), "it"),
            ):
                await until(lambda: {"it", "other"} in marked.asked)
            before = len(marked.asked)
            await until(lambda: len(marked.asked) > before + 2)
            assert marked.asked[-1] == {"it"}
        await until(lambda: watches._keeper is None)
        assert not watches._all
        with watches.of("it", sight(Thing()), "it"):  # and it begins again
            before = len(marked.asked)
            await until(lambda: len(marked.asked) > before)

    run(scene())
