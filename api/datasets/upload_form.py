"""The form of an upload: which fields it has, and what they say of the file.

Each mistake is a problem at its field, whichever part of the reading would notice it.
"""

import json
from typing import Annotated, Any

from fastapi import Form

from api.http.upload_forms import NAME_WORDS
from models.datasets.reading.columns import ColumnMapping, ColumnsError
from models.datasets.reading.label_values import LabelValues, label_values_in
from models.datasets.reading.text_options import (
    Quoting,
    TextOptions,
    delimiter_named,
    encoding_named,
)
from models.datasets.shapes import Shape
from models.errors import Invalid, Problem

EMPTY_WORDS = {
    "name": f"is empty; {NAME_WORDS}",
    "delimiter": "is empty; with curl write delimiter=semicolon, since curl takes what follows a ; "
    "for itself; leave the field out for the delimiter of the format",
}
UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "multipart/form-data": {
                "example": {
                    "file": "question1,question2,is_duplicate\n"
                    "How do I cook rice?,How is rice cooked?,1\n"
                    "How do I cook rice?,Where does rice grow?,0\n",
                    "name": "my-pairs",
                    "format": "csv",
                    "delimiter": ",",
                    "encoding": "utf-8",
                    "quoting": "double",
                }
            }
        }
    }
}
FIELDS = (
    "file",
    "name",
    "question1",
    "question2",
    "label",
    "split",
    "shape",
    "score",
    "negatives",
    "labels",
    "duplicate_from",
    "format",
    "delimiter",
    "encoding",
    "quoting",
)
MAX_NEGATIVES = 32


def columns_of(
    *,
    question1: Annotated[
        str | None,
        Form(max_length=200, description="Column of the first texts; of triplets, the anchors."),
    ] = None,
    question2: Annotated[
        str | None,
        Form(max_length=200, description="Column of the second texts; of triplets, the positives."),
    ] = None,
    label: Annotated[
        str | None, Form(max_length=200, description="Column of the labels, where pairs have one.")
    ] = None,
    split: Annotated[str | None, Form(max_length=200)] = None,
    shape: Annotated[
        Shape | None,
        Form(description="What a row is; by default, what the names of the columns tell."),
    ] = None,
    score: Annotated[
        str | None, Form(max_length=200, description="Column of the scores of scored pairs.")
    ] = None,
    negatives: Annotated[
        str | None,
        Form(
            max_length=4000,
            description="Column of the negatives of triplets, or a JSON list of such columns.",
        ),
    ] = None,
    labels: Annotated[
        str | None,
        Form(
            max_length=4000,
            description="What each value of the label means, as JSON: 1 (duplicates), 0 (others) "
            'or null (left out): `{"entailment": 1, "contradiction": 0, "neutral": null}`. By '
            "default labels are 0, 1, true or false.",
        ),
    ] = None,
    duplicate_from: Annotated[
        float | None,
        Form(
            allow_inf_nan=False,
            description="The score from which on a scored pair counts as a duplicate.",
        ),
    ] = None,
) -> ColumnMapping:
    """What the fields say of the columns. Raises `Invalid` with a problem at each field that is
    wrong."""
    others, meanings = _listed(negatives, labels)
    try:
        return ColumnMapping(
            question1, question2, label, split, score, others, shape, meanings, duplicate_from
        )
    except ColumnsError as error:
        raise Invalid([Problem(f"/{error.field}" if error.field else "", str(error))]) from None


def _listed(
    negatives: str | None, labels: str | None
) -> tuple[tuple[str, ...], LabelValues | None]:
    """What the two fields list that may be JSON."""
    problems: list[Problem] = []
    others: tuple[str, ...] = ()
    meanings: LabelValues | None = None
    try:
        others = () if negatives is None else _names_in(negatives)
    except ValueError as error:
        problems.append(Problem("/negatives", str(error)))
    try:
        meanings = None if labels is None else label_values_in(labels)
    except ValueError as error:
        problems.append(Problem("/labels", str(error)))
    if problems:
        raise Invalid(problems)
    return others, meanings


def _names_in(text: str) -> tuple[str, ...]:
    """The names of one or more columns: a name, or a JSON list of names."""
    if not text.lstrip().startswith("["):
        return (text,)
    names = None
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        pass
    wanted = 'is the name of a column, or a JSON list of names, like ["negative_1", "negative_2"]'
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(wanted)
    if not 1 <= len(names) <= MAX_NEGATIVES:
        raise ValueError(f"{wanted}; of these there may be 1 to {MAX_NEGATIVES}")
    return tuple(names)


def text_options_of(
    delimiter: Annotated[
        str | None,
        Form(
            max_length=10,
            description="What separates the fields of `csv` (by default a comma) or `tsv` (a tab): "
            "one character, or a word: `comma`, `semicolon`, `tab`, `pipe`.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        Form(
            max_length=40,
            description="The encoding of a text file, such as `utf-16`, `windows-1252` or "
            "`shift_jis`; by default `utf-8`.",
        ),
    ] = None,
    quoting: Annotated[
        Quoting | None,
        Form(
            description="Whether quotation marks of `csv` and `tsv` enclose texts (`double`) or "
            "belong to them (`none`). By default they enclose texts, and a row that may be "
            "several is refused.",
        ),
    ] = None,
) -> TextOptions:
    """How the fields say that a text file is written. Raises `Invalid` as `columns_of` does."""
    problems = []
    mark, codec = None, None
    try:
        mark = delimiter_named(delimiter) if delimiter else None
    except ValueError as error:
        problems.append(Problem("/delimiter", str(error)))
    try:
        codec = encoding_named(encoding) if encoding else None
    except ValueError as error:
        problems.append(Problem("/encoding", str(error)))
    if problems:
        raise Invalid(problems)
    return TextOptions(mark, codec, quoting)
