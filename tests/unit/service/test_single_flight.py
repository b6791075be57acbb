"""Requests for the same thing at the same time share a read that begins after them all."""

import asyncio
import threading

import pytest
from anyio import CapacityLimiter

from api.live.single_flight import Flight, SingleFlight
from models.abandonment import Abandoned, stop_if_abandoned

from support.numbers import Thing, run, until


def test_all_who_ask_before_a_read_begins_share_it_and_another_thing_has_its_own() -> None:
    async def scene() -> None:
        shared, here, there = SingleFlight(), Thing(), Thing()
        asked = [shared.once("here", here) for _ in range(50)]
        assert await asyncio.gather(*asked, shared.once("there", there)) == [0] * 51
        assert (here.reads, there.reads) == (1, 1)

    run(scene())


def test_one_who_asks_during_a_read_gets_the_next_that_begins_after_it() -> None:
    async def scene() -> None:
        thing = Thing()
        flight = Flight(thing)
        thing.go.clear()
        early = asyncio.create_task(flight.fresh())
        await until(lambda: thing.reads == 1)
        thing.number = 7
        late = [asyncio.create_task(flight.fresh()) for _ in range(20)]
        await asyncio.sleep(0.02)
        assert thing.reads == 1, "two reads of one thing at the same time"
        thing.go.set()
        assert await early == 0
        assert await asyncio.gather(*late) == [7] * 20
        assert thing.reads == 2

    run(scene())


def test_one_who_hangs_up_ends_the_read_for_nobody_else() -> None:
    async def scene() -> None:
        thing = Thing()
        flight = Flight(thing)
        thing.go.clear()
        first, second = (asyncio.create_task(flight.fresh()) for _ in range(2))
        await until(lambda: thing.reads == 1)
        first.cancel()
        await asyncio.sleep(0)
        thing.go.set()
        assert await second == 0

    run(scene())


def test_a_fault_is_told_to_everyone_and_what_nobody_asks_is_forgotten() -> None:
    async def scene() -> None:
        shared, thing = SingleFlight(), Thing()

        def broken() -> int:
            raise KeyError("gone")

        both = (shared.once("it", broken), shared.once("it", broken))
        faults = await asyncio.gather(*both, return_exceptions=True)
        assert [type(fault) for fault in faults] == [KeyError, KeyError]
        assert await shared.once("it", thing) == 0
        thing.go.clear()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(shared.once("it", thing), 0.05)
        thing.go.set()
        assert not shared._flights

    run(scene())


def test_a_read_that_all_have_left_ends_and_one_that_waits_for_a_thread_never_begins() -> None:
    async def scene() -> None:
        shared = SingleFlight(CapacityLimiter(1))
        ended, waiting = threading.Event(), Thing()

        def long() -> int:
            try:
                while not ended.wait(0.005):
                    stop_if_abandoned()
            except Abandoned:
                ended.set()
                raise
            return 1

        both = [asyncio.create_task(shared.once("long", long)) for _ in range(2)]
        left = asyncio.create_task(shared.once("waiting", waiting))
        await asyncio.sleep(0.02)
        left.cancel()
        both[0].cancel()
        await asyncio.sleep(0.02)
        assert not ended.is_set()  # one still waits
        both[1].cancel()
        await until(ended.is_set)
        assert await shared.once("another", Thing()) == 0  # the thread is free
        assert waiting.reads == 0

    run(scene())
