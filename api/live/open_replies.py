"""Replies that stay open: how many of them one client may have at once.

An event stream lasts for days, and a held reply (`?wait=`) for a minute. Each costs a connection
and a task of the event loop, which a client that opens thousands takes from all others.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from starlette.requests import Request

from api.live.read_lanes import client_of
from models.errors import TooMany

RETRY_SECONDS = 10  # after which one of them may have ended


class OpenReplies:
    """Counts the open replies of each client in this process. Belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Hashable] = Counter()

    @contextmanager
    def one_more(self, request: Request) -> Iterator[None]:
        """Count one for the block. Raises `TooMany` beyond the bound."""
        client = client_of(request)
        if self._open[client] >= self._most:
            sentence = (
                f"{self._most} event streams and held replies of this key are open already; close "
                "one that is not needed, or follow an experiment with GET and no `wait`"
            )
            raise TooMany(sentence, RETRY_SECONDS)
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            self._open += Counter()  # drops clients at zero
