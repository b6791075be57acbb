"""What can be wrong with a data set, in sentences a person can act on.

Why apart: the API turns these into replies, and must not import a parser to name them.
"""

from collections.abc import Sequence

EXAMPLES_KEPT = 20


class DatasetFileError(ValueError):
    """A file that is not what it says it is; the message is a sentence for its sender."""


class BadRows(DatasetFileError):
    """Rows that cannot be used: all are counted, the first 20 are kept as (line, reason).

    `line` is the physical line on which the row starts, from 1 (in Parquet: the row's number).
    """

    def __init__(self, count: int, examples: Sequence[tuple[int, str]]) -> None:
        self.count = count
        self.examples = list(examples[:EXAMPLES_KEPT])
        line, reason = self.examples[0]
        rows = "1 row" if count == 1 else f"{count:,} rows"
        super().__init__(
            f"{rows} cannot be used, so nothing of the file was taken; the first is at "
            f"line {line}: {reason}."
        )


class SplitError(ValueError):
    """A split that the rows cannot give; `field` names the setting at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
