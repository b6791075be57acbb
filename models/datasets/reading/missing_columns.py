"""What to tell the sender of a file that lacks a mapped column: what it has, and what would help.

Most such files are one of a known few: with other names, with another delimiter, of JSON Lines, or
of data in another shape (triplets, scored pairs), where no other names would help.
"""

from collections.abc import Sequence

from models.datasets.reading.cells import listed
from models.datasets.reading.text_options import DELIMITER_WORDS, spelled

FIELDS = ("question1", "question2", "label", "split")
SCORES = {"score", "similarity", "similarity_score", "relatedness_score"}


def why_missing(
    names: Sequence[str], header: Sequence[str], filename: str, delimiter: str | None
) -> str:
    """Sentences on the mapped `names`, in the order of FIELDS, that `header` lacks."""
    found = {name.strip() for name in header}
    missing = [(f, name) for f, name in zip(FIELDS, names, strict=False) if name not in found]
    return (
        f"{filename} has no column {listed([name for _, name in missing])}; its columns are "
        f"{listed(header)}. {_what_helps(names, header, delimiter, [f for f, _ in missing])}"
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
    known = {name.strip().lower() for name in header}
    if "label" in fields and {"anchor", "positive"} <= known:
        return "Triplets are not read: a row has to have two questions and a label of 0 or 1."
    if "label" in fields and SCORES & known:
        return "Scored pairs are not read: the label of a row has to be 0 or 1."
    listing = " and ".join(f"`{field}`" for field in fields)
    what = "name of the column" if len(fields) == 1 else "names of the columns"
    return f"Set {listing} to the {what} to use."


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
