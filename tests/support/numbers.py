"""A number to be read by a test, and the time within which a test's scene must end."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

SOON = 60.0


class Thing:
    """A number, as it was when the read began. Reads end when `go` is set."""

    def __init__(self) -> None:
        self.reads = self.number = 0
        self.go = threading.Event()
        self.go.set()

    def __call__(self) -> int:
        self.reads += 1
        number = self.number
        assert self.go.wait(SOON)
        return number


def run(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, SOON))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.005)
