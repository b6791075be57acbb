"""A thread that lasts as long as a `with` block: whoever enters it starts it, and whoever leaves
waits for its end."""

import threading
from types import TracebackType
from typing import Self


class BlockThread(threading.Thread):
    """Its `run` goes on until `ended` is set."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.ended = threading.Event()
        """Set at the end of the block."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.ended.set()
        self.join()
