"""A numbered Redis database that this test session holds alone, and leaves empty as it found it.

A number other than 0 is taken when it is empty, or carries the mark of an earlier session of these
tests that died. So every key that is removed was made by these tests.
"""

from typing import Any

import redis

unavailable = (redis.RedisError, OSError)

MARK = "tripletlab-tests:mark"  # every key here is of these tests
HELD = "tripletlab-tests:held"  # a session uses it now; goes away by itself when that died
HELD_SECONDS = 900
NUMBERS = (*range(9, 16), *range(1, 9))


class RedisForTests:
    """Raises one of `unavailable` when there is no server, or no free number on it."""

    def __init__(self, server_url: str) -> None:
        self.url = ""
        for number in NUMBERS:
            url = f"{server_url.rstrip('/')}/{number}"
            client = redis.Redis.from_url(url, socket_timeout=5, decode_responses=True)
            if _take(client):
                self.url, self._client = url, client
                return
            client.close()
        raise redis.RedisError("every database from 1 to 15 has keys of something else")

    def empty(self) -> None:
        """Remove the keys of the test before."""
        self._client.set(HELD, "1", ex=HELD_SECONDS)
        _remove(self._client, keep=(MARK, HELD))

    def give_up(self) -> None:
        _remove(self._client, keep=())
        self._client.close()


def _take(client: Any) -> bool:
    if client.dbsize() and not client.exists(MARK):
        return False
    if not client.set(HELD, "1", nx=True, ex=HELD_SECONDS):
        return False
    client.set(MARK, "1")
    return True


def _remove(client: Any, keep: tuple[str, ...]) -> None:
    for key in client.scan_iter(count=1000):
        if key not in keep:
            client.delete(key)
