"""One read answers all who wait for a thing, and none gets an older state than it knew."""

import asyncio
from collections.abc import Callable, Collection, Mapping

import pytest

from api.live import change_watch
from api.live.change_watch import ChangeWatch, Snapshot, Watch

from support.numbers import SOON, Thing, run, until


def reading(thing: Thing) -> Callable[[], Snapshot[int]]:
    def read() -> Snapshot[int]:
        number = thing()
        return Snapshot(number, number)

    return read


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
    monkeypatch.setattr(change_watch, "POLL_SECONDS", 0.005)
    monkeypatch.setattr(change_watch, "MAX_AGE_SECONDS", 3600.0)


def test_nothing_is_read_while_its_mark_stays_and_all_are_told_when_it_moves() -> None:
    async def scene() -> None:
        thing, marked = Thing(), Marked()
        changes = ChangeWatch(marked)
        with changes.watch("it", reading(thing), "it") as watch:
            known = await watch.fresh()
            told = [asyncio.create_task(watch.changed_from(known, SOON)) for _ in range(50)]
            await until(lambda: len(marked.asked) > 5)
            reads = thing.reads
            await until(lambda: len(marked.asked) > 15)
            assert thing.reads == reads <= 2
            thing.number, marked.marks["it"] = 1, 1
            assert [one.value for one in await asyncio.gather(*told)] == [1] * 50
            assert thing.reads == reads + 1

    run(scene())


def test_a_thing_that_is_gone_is_read_once_more_and_then_left_alone() -> None:
    async def scene() -> None:
        thing, marked = Thing(), Marked()
        with ChangeWatch(marked).watch("it", reading(thing), "it") as watch:
            await watch.fresh()
            await until(lambda: len(marked.asked) > 5)
            reads = thing.reads
            del marked.marks["it"]
            await until(lambda: thing.reads > reads)
            asked = len(marked.asked)
            await until(lambda: len(marked.asked) > asked + 10)
            assert thing.reads == reads + 1

    run(scene())


def test_a_change_between_the_read_and_the_waiting_is_told_at_once() -> None:
    async def scene() -> None:
        thing = Thing()
        watch = Watch(reading(thing), "it")
        known = await watch.fresh()
        thing.number = 1
        await watch.fresh()
        assert (await watch.changed_from(known, SOON)).value == 1

    run(scene())


def test_without_a_change_the_same_is_told_after_the_wait() -> None:
    async def scene() -> None:
        with ChangeWatch(Marked()).watch("it", reading(Thing()), "it") as watch:
            known = await watch.fresh()
            assert await watch.changed_from(known, 0.05) is known

    run(scene())


def test_what_no_mark_tells_is_seen_a_little_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        thing = Thing()
        with ChangeWatch(Marked()).watch("it", reading(thing), "it") as watch:
            known = await watch.fresh()
            await asyncio.sleep(0.1)
            thing.number = 5  # and its mark stays
            assert (await watch.changed_from(known, 0.05)).value == 0
            monkeypatch.setattr(change_watch, "MAX_AGE_SECONDS", 0.0)
            assert (await watch.changed_from(known, SOON)).value == 5

    run(scene())


def test_a_fault_is_told_to_everyone_and_read_anew() -> None:
    async def scene() -> None:
        broken = True

        def read() -> Snapshot[int]:
            if broken:
                raise KeyError("gone")
            return Snapshot(1, 1)

        def marks(_: Collection[str]) -> Mapping[str, object]:
            raise ConnectionError("the database is away")

        with ChangeWatch(marks).watch("it", read, "it") as watch:
            both = (watch.fresh(), watch.changed_from(Snapshot(1, 1), SOON))
            faults = await asyncio.gather(*both, return_exceptions=True)
            assert [type(fault) for fault in faults] == [KeyError, KeyError]
            broken = False
            assert (await watch.fresh()).value == 1

    run(scene())


def test_what_nobody_waits_for_is_forgotten_and_no_longer_asked_about() -> None:
    async def scene() -> None:
        marked = Marked()
        changes = ChangeWatch(marked)
        with changes.watch("it", reading(Thing()), "it"):
            with (
                changes.watch("other", reading(Thing()), "other"),
                changes.watch("it", reading(Thing()), "it"),
            ):
                await until(lambda: {"it", "other"} in marked.asked)
            before = len(marked.asked)
            await until(lambda: len(marked.asked) > before + 2)
            assert marked.asked[-1] == {"it"}
        await until(lambda: changes._poller is None)
        assert not changes._watches
        with changes.watch("it", reading(Thing()), "it"):  # and it begins again
            before = len(marked.asked)
            await until(lambda: len(marked.asked) > before)

    run(scene())
