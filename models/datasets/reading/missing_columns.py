"""What to tell the sender of a file that lacks a column: what it has, and what would help.

Most such files are one of a known few: with names that are not known, with another delimiter, of
JSON Lines, or pairs without a label, which may all belong together.
"""

from collections.abc import Sequence

from models.datasets.reading.cells import listed
from models.datasets.reading.text_options import DELIMITER_WORDS, spelled


def why_missing(
    wanted: Sequence[tuple[str, str]], header: Sequence[str], filename: str, delimiter: str | None
) -> str:
    """Sentences on the columns that `header` lacks of the `wanted` ones, (field, name) each."""
    found = {name.strip() for name in header}
    missing = [(field, name) for field, name in wanted if name not in found]
    helps = _what_helps([n for _, n in wanted], header, delimiter, [f for f, _ in missing])
    return (
        f"{filename} has no column {listed([name for _, name in missing])}; its columns are "
        f"{listed(header)}. {helps}"
    )


def _what_helps(
    names: Sequence[str], header: Sequence[str], delimiter: str | None, fields: Sequence[str]
) -> str:
    if delimiter is not None:
        line = delimiter.join(header)
        if line.lstrip().startswith("{"):
            return "If its lines are JSON objects, set `format` to jsonl."
        other = _other_delimiter(names, line, len(header))
        if other is not None:
            return if_separated_by(other)
    listing = " and ".join(f"`{field}`" for field in dict.fromkeys(fields))
    what = "name of the column" if len(fields) == 1 else "names of the columns"
    helps = f"Set {listing} to the {what} to use"
    if list(fields) == ["label"]:
        return f"{helps}; or, if every row is a pair that belongs together, `shape` to " + (
            "positive_pairs."
        )
    return f"{helps}."


def if_separated_by(delimiter: str) -> str:
    """What to set where a file seems to have this delimiter."""
    return f"If they are separated by {delimiter!r}, set `delimiter` to {spelled(delimiter)}."


def _other_delimiter(names: Sequence[str], line: str, columns: int) -> str | None:
    """The delimiter that gives the mapped names, or any where this one gives only one column."""
    for mark in DELIMITER_WORDS.values():
        cells = {cell.strip(' "') for cell in line.split(mark)}
        if cells >= set(names) or (columns == 1 and len(cells) > 1):
            return mark
    return None
