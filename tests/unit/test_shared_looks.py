"""Those who wait for the same thing share their looks, replies and streams alike."""

import asyncio
import threading

import pytest

from api import shared_looks
from api.shared_looks import SharedLooks
from api.streaming import Position


class Counted:
    """Work that counts how often it is done, and ends when it is let go."""

    def __init__(self) -> None:
        self.times = 0
        self.go = threading.Event()

    def __call__(self) -> int:
        self.times += 1
        assert self.go.wait(60)
        return self.times


def test_looks_at_the_same_time_are_one_and_of_another_thing_another() -> None:
    async def scene() -> None:
        looks, here, there = SharedLooks[int](), Counted(), Counted()
        waiting = [asyncio.create_task(looks.look("here", here)) for _ in range(50)]
        other = asyncio.create_task(looks.look("there", there))
        await asyncio.sleep(0)
        here.go.set()
        there.go.set()
        assert await asyncio.gather(*waiting) == [1] * 50
        assert (await other, there.times) == (1, 1)

    asyncio.run(scene())


def test_a_look_that_is_over_for_a_while_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        looks, work = SharedLooks[int](), Counted()
        work.go.set()
        assert await looks.look("here", work) == 1
        assert await looks.look("here", work) == 1
        monkeypatch.setattr(shared_looks, "FRESH", 0.0)
        assert await looks.look("here", work) == 2

    monkeypatch.setattr(shared_looks, "FRESH", 3600.0)
    asyncio.run(scene())


def test_one_who_hangs_up_ends_the_look_for_nobody_else() -> None:
    async def scene() -> None:
        looks, work = SharedLooks[int](), Counted()
        first, second = (asyncio.create_task(looks.look("here", work)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        work.go.set()
        assert await second == 1

    asyncio.run(scene())


def test_a_fault_is_told_to_everyone_and_is_looked_at_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_looks, "FRESH", 0.0)

    def broken() -> int:
        raise KeyError("gone")

    async def scene() -> None:
        looks = SharedLooks[int]()
        both = (looks.look("here", broken), looks.look("here", broken))
        assert all(
            isinstance(f, KeyError) for f in await asyncio.gather(*both, return_exceptions=True)
        )
        assert await looks.look("here", lambda: 7) == 7
        await asyncio.sleep(0.01)
        assert not looks._looks, "what nobody waits for is kept"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("told", "now", "figures", "all_told"),
    [
        ("7-100:1", "7-100:1", True, True),
        ("7", "7-0:0.0:0", True, True),  # runs of which there is nothing yet
        ("7-100:1", "8-100:1", True, False),
        ("7-100:1", "7-101:1", True, False),
        ("7-100:1", "7-100:2", True, False),
        ("7-100:1", "7-100:1.5:0", True, False),  # a run that was added
        ("7-100:1", "7-90:1", True, False),  # a run that went back to its checkpoint
        ("7", "7-100:1", False, True),
        ("7", "8-100:1", False, False),
    ],
)
def test_a_stream_that_has_told_all_is_quiet(
    told: str, now: str, figures: bool, all_told: bool
) -> None:
    assert Position.parse(told).is_at(Position.parse(now), figures) is all_told
