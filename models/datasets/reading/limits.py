"""How much of a file is read, and for how long, before it is refused: a small upload can unpack to
any size, and lines that give no row cost time all the same."""

import time
from dataclasses import dataclass

from models.datasets.errors import DatasetFileError

MAX_ROW_BYTES = 4 << 20
"""One row of a text file with all its columns; a row with an unclosed quote would be the rest."""
MAX_BLANK_LINES = 100_000
"""Blank lines that may follow one another."""


@dataclass(frozen=True)
class FileLimits:
    """The limits of one file; None means no limit."""

    max_bytes: int | None = None
    """Bytes after unpacking."""
    max_rows: int | None = None
    """Rows, bad ones included."""
    max_text: int | None = None
    """Characters of a question."""
    max_seconds: float | None = None
    """Seconds of reading a text file."""

    def check_seconds(self, since: float) -> None:
        """Raise DatasetFileError when reading, begun at `since` (`time.monotonic`), took too
        long."""
        if self.max_seconds is not None and time.monotonic() - since > self.max_seconds:
            raise DatasetFileError(
                f"Reading the file took longer than the {self.max_seconds:g} seconds that are "
                "allowed; send a smaller file, or ask the operator of the service."
            )

    def check_rows(self, rows: int, filename: str) -> None:
        """Raise DatasetFileError when there are too many rows."""
        if self.max_rows is not None and rows > self.max_rows:
            raise DatasetFileError(
                f"{filename} has more than {self.max_rows:,} rows; leave some out, or ask the "
                "operator of the service for a higher limit."
            )

    def check_bytes(self, count: int, filename: str) -> None:
        """Raise DatasetFileError when there are too many bytes."""
        if self.max_bytes is not None and count > self.max_bytes:
            raise DatasetFileError(
                f"{filename} has more than {self.max_bytes:,} bytes after unpacking."
            )

    def too_long(self, text: str, noun: str) -> str | None:
        """Why a text is refused as too long, or None; `noun` is what to call it."""
        if self.max_text is None or len(text) <= self.max_text:
            return None
        return f"its {noun} has {len(text):,} characters; {self.max_text:,} are allowed"


NO_LIMITS = FileLimits()
