"""Which columns of a file hold what: as the sender says, or as names that everybody uses tell.

Why only names that are known, and only where they leave no choice: a column that is taken for
another gives a data set that looks right. The reply says which columns were read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

from models.datasets.errors import DatasetFileError
from models.datasets.pairs import Reading
from models.datasets.reading.cells import listed
from models.datasets.reading.label_values import LabelValues
from models.datasets.reading.missing_columns import why_missing
from models.datasets.shapes import Shape

CellKind = Literal["text", "label", "score", "split"]


class ColumnsError(ValueError):
    """What a sender says of the columns contradicts itself; `field` is the field at fault."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class ColumnMapping:
    """What the sender says of the columns; None leaves it to the names in the file.

    `question1` and `question2` are also the anchor and the positive of triplets. Raises
    `ColumnsError` when two columns are the same, one is blank, or fields contradict each other.
    """

    question1: str | None = None
    question2: str | None = None
    label: str | None = None
    split: str | None = None
    score: str | None = None
    negatives: tuple[str, ...] = ()
    shape: Shape | None = None
    labels: LabelValues | None = None
    duplicate_from: float | None = None
    """From this score on a pair counts as a duplicate."""

    def __post_init__(self) -> None:
        names = self.names()
        if len(set(names)) != len(names):
            raise ColumnsError(f"each column can be used only once: {', '.join(names)}")
        if not all(names):
            raise ColumnsError("the name of a column cannot be blank")
        self._require_one_shape()

    def names(self) -> tuple[str, ...]:
        """The columns that are named, without the spaces around them, which are not told apart in
        a file either."""
        single = (self.question1, self.question2, self.label, self.split, self.score)
        return tuple(name.strip() for name in (*single, *self.negatives) if name is not None)

    def said_shape(self) -> Shape | None:
        """The shape that the fields say; None where they leave it to the file."""
        return self.shape or next((shape for _, shape in self._signs()), None)

    def _signs(self) -> list[tuple[str, Shape]]:
        """The fields that only one shape has, with that shape."""
        of_shape: dict[str, Shape] = {
            "label": "labelled_pairs",
            "labels": "labelled_pairs",
            "score": "scored_pairs",
            "duplicate_from": "scored_pairs",
            "negatives": "triplets",
        }
        return [(name, shape) for name, shape in of_shape.items() if getattr(self, name)]

    def _require_one_shape(self) -> None:
        for name, shape in self._signs():
            if shape != self.said_shape():
                raise ColumnsError(
                    f"only {shape.replace('_', ' ')} have this, and the other fields say "
                    f"{(self.said_shape() or '').replace('_', ' ')}; leave one of them out",
                    name,
                )


@dataclass(frozen=True)
class Columns:
    """The columns that are read, by their names, and what their cells mean."""

    shape: Shape
    question1: str
    question2: str
    negatives: tuple[str, ...] = ()
    label: str | None = None
    score: str | None = None
    split: str | None = None
    labels: LabelValues = LabelValues()
    duplicate_from: float = 0.0

    def cells(self) -> list[tuple[str, str, CellKind]]:
        """Field, column and kind of each cell of a row, in the order in which rows are given:
        texts first, then label or score, then the split."""
        cells: list[tuple[str, str | None, CellKind]] = [
            ("question1", self.question1, "text"),
            ("question2", self.question2, "text"),
            *(("negatives", name, "text") for name in self.negatives),
            ("label", self.label, "label"),
            ("score", self.score, "score"),
            ("split", self.split, "split"),
        ]
        return [(field, name.strip(), kind) for field, name, kind in cells if name is not None]

    def names(self) -> tuple[str, ...]:
        """The names of the columns, in the order of `cells`."""
        return tuple(name for _, name, _ in self.cells())

    @property
    def texts(self) -> int:
        """How many of the cells are texts."""
        return 2 + len(self.negatives)

    def reading(self, left_out: dict[str, int]) -> Reading:
        """What is told of the reading, with the rows that were left out by their label."""
        told: dict[str, str | list[str]] = {
            field: name for field, name, _ in self.cells() if field != "negatives"
        }
        if self.negatives:
            told["negatives"] = [name.strip() for name in self.negatives]
        order = [one.name for one in fields(self)]
        told = dict(sorted(told.items(), key=lambda item: order.index(item[0])))
        return Reading(self.shape, told, left_out)


def find_columns(
    columns: Columns, header: Sequence[str], filename: str, delimiter: str | None = None
) -> list[int]:
    """The place of each column in the header, in the order of `columns.cells()`.

    Spaces around a name in the header do not count, unless another column has the name without
    them. Raises DatasetFileError when a column is missing or is there twice; of the other columns
    any number may have one name, or none. `delimiter` is that of a text file.
    """
    places = [_places(name, header) for name in columns.names()]
    if not all(places):
        wanted = [(field, name) for field, name, _ in columns.cells()]
        raise DatasetFileError(why_missing(wanted, header, filename, delimiter))
    twice = [name for name, found in zip(columns.names(), places, strict=True) if len(found) > 1]
    if twice:
        raise DatasetFileError(f"The header of {filename} has {listed(twice)} more than once.")
    return [found[0] for found in places]


def _places(name: str, header: Sequence[str]) -> list[int]:
    exact = [place for place, found in enumerate(header) if found == name]
    return exact or [place for place, found in enumerate(header) if found.strip() == name]
