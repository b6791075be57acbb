"""A number to look at, and time in which a test's scene must have ended."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

SOON = 60.0


class Thing:
    """A number, seen as it was when the look began. Looks end when they are let go."""

    def __init__(self) -> None:
        self.looks = self.number = 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self) -> int:
        self.looks += 1
        number = self.number
        assert self.go.wait(SOON)
        return number


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, SOON))


async def until(said: Callable[[], bool]) -> None:
    while not said():
        await asyncio.sleep(0.005)
