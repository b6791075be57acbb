"""Long reads: few at a time, shared, refused beyond a queue or a key's share of it, and ended once
nobody waits."""

import asyncio
import gc
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast
from weakref import ReferenceType, ref

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.live import read_lanes
from api.live.read_lanes import ReadLane
from models.abandonment import Abandoned, stop_if_abandoned, while_wanted
from models.errors import TooMany

from support.numbers import run, until


class Client:
    """As much of a request as a lane looks at."""

    gone = False

    def __init__(self, key_id: str | None = None) -> None:
        self.state = SimpleNamespace(caller=SimpleNamespace(key_id=key_id))

    async def is_disconnected(self) -> bool:
        return self.gone

    @property
    def request(self) -> Request:
        return cast(Request, self)


class Read:
    """A read that goes on until it is let go, or until nobody waits for it."""

    def __init__(self, *, held: bool = True) -> None:
        self.begun, self.abandoned = 0, 0
        self.go = threading.Event()
        if not held:
            self.go.set()

    def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        try:
            while not self.go.wait(0.005):
                stop_if_abandoned()
        except Abandoned:
            self.abandoned += 1
            raise
        return number


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_lanes, "CHECK_SECONDS", 0.005)


def ask(lane: ReadLane, key: str, read: Callable[[], object], client: Client | None = None) -> Any:
    return asyncio.create_task(lane.once((client or Client()).request, key, read))


def test_no_more_run_at_once_than_the_lane_has_room_for() -> None:
    async def scene() -> None:
        lane, reads = ReadLane(2, 10, 10), [Read() for _ in range(5)]
        asked = [ask(lane, str(number), read) for number, read in enumerate(reads)]
        await until(lambda: sum(read.begun for read in reads) == 2)
        await asyncio.sleep(0.02)
        assert [read.begun for read in reads] == [1, 1, 0, 0, 0]
        for read in reads:
            read.go.set()
        assert await asyncio.gather(*asked) == [1] * 5

    run(scene())


def test_all_who_ask_the_same_before_it_begins_share_one_read() -> None:
    async def scene() -> None:
        lane, first, shared = ReadLane(1, 10, 10), Read(), Read(held=False)
        running = ask(lane, "first", first)
        await until(lambda: first.begun == 1)
        asked = [ask(lane, "shared", shared) for _ in range(30)]
        late = ask(lane, "first", first)  # a read that has begun may know less than its client
        first.go.set()
        assert await asyncio.gather(*asked) == [1] * 30
        assert (await running, await late) == (1, 2)

    run(scene())


def test_who_comes_when_the_queue_is_full_is_told_when_to_try_again() -> None:
    async def scene() -> None:
        lane, read = ReadLane(1, 2, 3), Read()
        asked = [ask(lane, "begun", read)]
        await until(lambda: read.begun == 1)
        asked += [ask(lane, "waits", read), ask(lane, "waits too", read)]
        await asyncio.sleep(0.01)
        with pytest.raises(TooMany, match="too many requests") as refusal:
            await ask(lane, "too many", read)
        assert refusal.value.retry_after > 0
        with pytest.raises(TooMany):
            async with lane.turn(Client().request):
                pass
        more = ask(lane, "waits", read)  # shares, so it needs no room
        read.go.set()
        await asyncio.gather(*asked, more)

    run(scene())


def test_a_key_fills_only_its_share_of_the_queue_and_another_is_next() -> None:
    async def scene() -> None:
        lane, order = ReadLane(1, 10, 2), list[str]()
        ann, bob, held = Client("ann"), Client("bob"), Read()

        def named(name: str) -> Callable[[], int]:
            def read() -> int:
                order.append(name)
                return len(order)

            return read

        asked = [ask(lane, "held", held, ann)]
        await until(lambda: held.begun == 1)
        asked += [ask(lane, name, named(name), ann) for name in ("ann 1", "ann 2")]
        await asyncio.sleep(0.01)
        with pytest.raises(TooMany, match="2 requests of this key"):
            await ask(lane, "ann 3", named("ann 3"), ann)
        with pytest.raises(TooMany, match="2 requests of this key"):
            async with lane.turn(ann.request):
                pass
        asked.append(ask(lane, "bob 1", named("bob 1"), bob))
        joins = ask(lane, "bob 1", named("never"), ann)  # shares a read that waits already
        await asyncio.sleep(0.01)
        held.go.set()
        await asyncio.gather(*asked, joins)
        assert order == ["ann 1", "bob 1", "ann 2"]
        assert await ask(lane, "ann 3", named("ann 3"), ann) == 4  # its share is free again

    run(scene())


def test_a_read_whose_clients_have_all_gone_ends_and_makes_room() -> None:
    async def scene() -> None:
        lane, read, other = ReadLane(1, 10, 10), Read(), Read(held=False)
        clients = [Client(), Client()]
        asked = [ask(lane, "left", read, client) for client in clients]
        next_one = ask(lane, "next", other)
        await until(lambda: read.begun == 1)
        clients[0].gone = True
        await asyncio.sleep(0.03)
        assert read.abandoned == 0  # one still waits
        clients[1].gone = True
        assert await next_one == 1
        assert read.abandoned == 1
        for one in asked:
            with pytest.raises(HTTPException):
                await one

    run(scene())


def test_a_read_that_nobody_waits_for_never_begins() -> None:
    async def scene() -> None:
        lane, running, left = ReadLane(1, 10, 10), Read(), Read()
        first, client = ask(lane, "running", running), Client()
        await until(lambda: running.begun == 1)
        waiting = ask(lane, "left", left, client)
        client.gone = True
        with pytest.raises(HTTPException):
            await waiting
        running.go.set()
        await first
        assert await ask(lane, "another", Read(held=False)) == 1
        assert left.begun == 0

    run(scene())


def test_what_runs_in_a_turn_is_abandoned_with_its_client() -> None:
    async def scene() -> None:
        lane, client, read = ReadLane(1, 10, 10), Client(), Read()

        async def reply() -> None:
            async with lane.turn(client.request):
                await asyncio.to_thread(read)

        replying = asyncio.create_task(reply())
        await until(lambda: read.begun == 1)
        client.gone = True
        with pytest.raises(HTTPException):
            await replying
        assert read.abandoned == 1
        assert await lane.step(client.request, lambda: 7) == 7

    run(scene())


def test_an_error_reaches_all_who_wait_and_the_next_read_is_a_new_one() -> None:
    async def scene() -> None:
        lane = ReadLane(1, 10, 10)

        def broken() -> int:
            raise ValueError("broken")

        asked: list[Awaitable[int]] = [ask(lane, "it", broken) for _ in range(3)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [str(one) for one in found] == ["broken"] * 3
        assert await ask(lane, "it", Read(held=False)) == 1

    run(scene())


def test_items_come_only_while_somebody_waits() -> None:
    assert list(while_wanted(range(3))) == [0, 1, 2]  # nobody said what abandoned means


class Large:
    """Stands for what a read has in its hands when its client goes."""


@pytest.fixture
def no_search_for_garbage() -> Iterator[None]:
    """Only what nothing refers to is freed, not what refers to itself in a circle."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_search_for_garbage")
def test_what_an_abandoned_read_had_in_its_hands_is_freed_at_once() -> None:
    held: list[ReferenceType[Large]] = []

    def read() -> None:
        large = Large()
        held.append(ref(large))
        for _ in while_wanted(iter(lambda: time.sleep(0.005), "never")):
            assert large

    async def scene() -> None:
        lane, client = ReadLane(1, 10, 10), Client()
        asked = ask(lane, "read", read, client)
        await until(lambda: bool(held))
        client.gone = True
        with pytest.raises(HTTPException):
            await asked
        await until(lambda: held[0]() is None)

    run(scene())


@pytest.mark.usefixtures("no_search_for_garbage")
def test_nothing_is_kept_of_clients_that_have_gone() -> None:
    async def read(lane: ReadLane, client: Client) -> None:
        async with lane.turn(client.request):
            await until(_is_abandoned_now)
            stop_if_abandoned()

    async def hang_up(lane: ReadLane) -> ReferenceType[Client]:
        client = Client()
        client.gone = True
        with pytest.raises(HTTPException):
            await read(lane, client)
        return ref(client)

    async def scene() -> None:
        lane = ReadLane(1, 10, 10)
        gone = [await hang_up(lane) for _ in range(3)]
        await asyncio.sleep(0.02)  # who looked whether they were there has ended
        assert [client() for client in gone] == [None] * 3

    run(scene())


def _is_abandoned_now() -> bool:
    try:
        stop_if_abandoned()
    except Abandoned:
        return True
    return False
