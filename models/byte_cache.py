"""A cache that is bounded by bytes: what nobody asked for longest makes room first.

A bound on the number of entries says nothing about memory where one entry may be a thousand times
as large as another.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByteCache(Generic[T]):
    """Values by key, of `most_bytes` at most in all. Any thread may use it."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.stored_bytes = 0

    def get(self, key: Hashable) -> T | None:
        """The value under the key, if it is still there."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep a value of `size` bytes in place of any before it; one that is larger than the whole
        cache is not kept."""
        with self._lock:
            self._remove(key)
            if size > self._most_bytes:
                return
            self._entries[key] = value, size
            self.stored_bytes += size
            while self.stored_bytes > self._most_bytes:
                self._remove(next(iter(self._entries)))

    def _remove(self, key: Hashable) -> None:
        _, size = self._entries.pop(key, (None, 0))
        self.stored_bytes -= size
