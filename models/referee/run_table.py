"""A CSV or TSV file with a row for each run, as trackers export it, read as text.

The file may come from MLflow (the download of its page, or `mlflow.search_runs().to_csv()`), from
Weights & Biases (the export of its table of runs), from this service's own table `runs`, or from a
script: two columns are enough. Which columns matter is decided in `run_columns.py`.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import TripletlabError

MOST_BYTES = 64 << 20
MOST_ROWS = 100_000
DELIMITERS = ",\t;"


class RunFileError(TripletlabError):
    """A file of runs cannot be used as it is; the text names the option that helps."""


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    """Where it begins in the file, from 1."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTable:
    """The rows of a file below its header; every row has a cell for each column."""

    name: str
    """Of the file, for sentences."""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> list[str]:
        """The cells of a column. Raises `RunFileError` where several have this name."""
        place = self.place(name)
        return [row.cells[place] for row in self.rows]

    def place(self, name: str, *, numbers: bool | None = None) -> int:
        """The place of a column that is there. MLflow's page writes a parameter and a metric of one
        name as two such columns: then the one is meant that holds `numbers`, or that does not.

        Raises `RunFileError` where several may be meant.
        """
        places = [at for at, column in enumerate(self.columns) if column == name]
        if len(places) > 1 and numbers is not None:
            places = [at for at in places if self._holds_numbers(at) is numbers]
        if len(places) != 1:
            raise RunFileError(f"{self.name} has several columns called {name!r}; rename them")
        return places[0]

    def _holds_numbers(self, place: int) -> bool:
        return all(is_number(row.cells[place]) for row in self.rows if row.cells[place])


def read_run_table(path: Path) -> RunTable:
    """Read the file. Raises `RunFileError` where it is no such table."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise RunFileError(f"{path.name} is larger than {MOST_BYTES >> 20} MiB")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RunFileError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RunFileError(f"{path.name} is not a text file in UTF-8; save it as CSV") from None
    try:
        return _parsed(path.name, text)
    except csv.Error as error:
        raise RunFileError(f"{path.name} is not CSV: {error}") from None


def _parsed(name: str, text: str) -> RunTable:
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(DELIMITERS, key=header.count))
    columns = tuple(cell.strip() for cell in next(reader, ()))
    if not any(columns):
        raise RunFileError(f"{name} is empty: its first line names the columns")
    rows: list[Row] = []
    begins = reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append(Row(begins, _whole(name, begins, cells, columns)))
        begins = reader.line_num + 1
        if len(rows) > MOST_ROWS:
            raise RunFileError(f"{name} has more than {MOST_ROWS:,} rows")
    if not rows:
        raise RunFileError(f"{name} has no row below its header")
    return RunTable(name, columns, tuple(rows))


def _whole(name: str, line: int, cells: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The cells of a row, with empty ones for those that are missing at its end."""
    if len(cells) > len(columns):
        raise RunFileError(
            f"{name}, line {line}: {len(cells)} cells, but the header names {len(columns)} columns"
        )
    missing = len(columns) - len(cells)
    return (*(cell.strip() for cell in cells), *[""] * missing)


def number(cell: str) -> float:
    """The number in a cell. Raises `ValueError` where it holds none.

    MLflow's page writes an apostrophe before whatever a spreadsheet might take for a formula, and
    so before every negative number.
    """
    return float(cell[1:] if cell[:2] in ("'-", "'+") else cell)


def is_number(cell: str) -> bool:
    """Whether `number` finds one in the cell."""
    try:
        number(cell)
    except ValueError:
        return False
    return True
