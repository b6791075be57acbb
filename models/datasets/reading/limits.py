"""How much of a file is read before it is refused: a small upload can unpack to any size."""

from dataclasses import dataclass

from models.datasets.errors import DatasetFileError

MAX_ROW_BYTES = 4 << 20
"""One row of a text file with all its columns; a row with an unclosed quote would be the rest."""


@dataclass(frozen=True)
class FileLimits:
    """The limits of one file; None means no limit."""

    max_bytes: int | None = None
    """Bytes after unpacking."""
    max_rows: int | None = None
    """Rows, bad ones included."""
    max_text: int | None = None
    """Characters of a question."""

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

    def too_long(self, text: str, which: str) -> str | None:
        """Why a question is refused as too long, or None."""
        if self.max_text is None or len(text) <= self.max_text:
            return None
        return f"its {which} question has {len(text):,} characters; {self.max_text:,} are allowed"


NO_LIMITS = FileLimits()
