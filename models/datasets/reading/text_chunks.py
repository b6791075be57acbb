"""A column of texts that grows: as Python's strings they would take three times their bytes."""

import pyarrow as pa

CHUNK = 50_000  # texts


class TextChunks:
    """Takes texts one by one, and keeps all but the last few as Arrow does."""

    def __init__(self) -> None:
        self._chunks: list[pa.LargeStringArray] = []
        self._last: list[str] = []

    def append(self, text: str) -> None:
        self._last.append(text)
        if len(self._last) == CHUNK:
            self._pack()

    def column(self) -> pa.ChunkedArray:
        """All texts, in order."""
        self._pack()
        return pa.chunked_array(self._chunks, type=pa.large_string())

    def _pack(self) -> None:
        self._chunks.append(pa.array(self._last, type=pa.large_string()))
        self._last = []
