"""Whether anybody still waits for what this thread computes.

A thread cannot be ended from outside. What takes seconds therefore asks between two of its steps (a
query, a file, a statistic), and ends itself once whoever asked for it has gone.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_is_abandoned: ContextVar[Callable[[], bool] | None] = ContextVar("is_abandoned", default=None)


class Abandoned(Exception):
    """Nobody waits for this any more."""


@contextmanager
def abandonable(is_abandoned: Callable[[], bool]) -> Iterator[None]:
    """Let what runs in the block, and in threads that it starts with its context, be abandoned.

    What an exception leaves behind is let go at once. Whoever waits keeps the exception in a cycle,
    and with it all that the functions it came through had read so far.
    """
    token = _is_abandoned.set(is_abandoned)
    try:
        yield
    except Exception as error:
        traceback.clear_frames(error.__traceback__)
        raise
    finally:
        _is_abandoned.reset(token)


def stop_if_abandoned() -> None:
    """Raises `Abandoned`; does nothing where nobody said what abandoned means."""
    is_abandoned = _is_abandoned.get()
    if is_abandoned is not None and is_abandoned():
        raise Abandoned


def while_wanted(items: Iterable[T]) -> Iterator[T]:
    """The items, each after a look whether anybody still waits. Raises `Abandoned`."""
    for item in items:
        stop_if_abandoned()
        yield item
