"""What can be wrong with a data set, in sentences that a person can act on.

In a file of its own, since the API turns these errors into replies without importing a parser.
"""

from collections.abc import Sequence
from typing import Literal

EXAMPLES_KEPT = 20


class DatasetFileError(ValueError):
    """A file that is not what it claims to be; the message is a sentence for its sender.

    `field` is the field of the upload that is at fault.
    """

    def __init__(self, message: str, *, field: str = "file") -> None:
        super().__init__(message)
        self.field = field


class BadRows(DatasetFileError):
    """Rows that cannot be used: all are counted, and the first 20 kept as (line, reason).

    `line` is the physical line on which the row begins, from 1; in Parquet it is the number of the
    row, and `place` is "row". `swallowed` counts the lines that were read into these rows after
    their first. `helps` is a sentence on what helps all of them, after a space.
    """

    def __init__(
        self,
        count: int,
        examples: Sequence[tuple[int, str]],
        swallowed: int = 0,
        place: Literal["line", "row"] = "line",
        helps: str = "",
    ) -> None:
        self.count = count
        self.place = place
        self.swallowed = swallowed
        self.examples = list(examples[:EXAMPLES_KEPT])
        line, reason = self.examples[0]
        rows = "1 row" if count == 1 else f"{count:,} rows"
        lines = "1 more line is" if swallowed == 1 else f"{swallowed:,} more lines are"
        inside = f" {lines} inside refused rows." if swallowed else ""
        super().__init__(
            f"{rows} cannot be used, so the whole file is refused; the first is at "
            f"{place} {line}: {reason}.{helps}{inside}"
        )


class SplitError(ValueError):
    """A split that these rows do not allow; `field` names the setting at fault, and `works` a value
    of it that they allow, where one is known."""

    def __init__(self, field: str, message: str, works: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.works = works
