"""`pairs.parquet`, the rows of a stored data set, and its columns of numbers as arrays beside it.

The arrays are what is read each time, since they are mapped; the same numbers in the Parquet file
are what they are made from again where they are not what was written. (Data sets that were stored
by the first versions have texts only in theirs.)
"""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from models.datasets.derived_files import NOT_AN_ARRAY, mapped
from models.datasets.pairs import Codes, Pairs, Scores, Triplets
from models.errors import DamagedDataset
from models.files.atomic import write_whole
from models.files.recorded_hashes import damaged, record_hashes, recorded

ROW_GROUP = 16_384  # rows; `texts_of` reads at most this many for one text
PAIRS, LABELS, SPLIT = "pairs.parquet", "labels.npy", "split.npy"
SCORES, TRIPLETS = "scores.npy", "triplets.npy"
TEXTS = ["question1", "question2"]
_COLUMNS: dict[str, tuple[str, type[np.generic]]] = {
    LABELS: ("label", np.int8),
    SPLIT: ("split", np.int8),
    SCORES: ("score", np.float32),
    TRIPLETS: ("triplet", np.int32),
}
"""Of each array: its column in the Parquet file, and its type."""

_log = logging.getLogger(__name__)


def write_rows(pairs: Pairs, folder: Path) -> None:
    """Write all of them, and the record of their hashes, to a new folder."""
    columns = {"question1": pairs.question1, "question2": pairs.question2}
    for file, (column, _) in _COLUMNS.items():
        numbers = getattr(pairs, column)
        if numbers is not None:
            columns[column] = numbers
            np.save(folder / file, numbers)
    pq.write_table(
        pa.table(columns),
        folder / PAIRS,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=False,
    )
    record_hashes(folder)


def read_texts(folder: Path) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """The columns question1 and question2. Raises `DamagedDataset`."""
    with _whole_rows(folder):
        table = pq.read_table(folder / PAIRS, columns=TEXTS)
    return table["question1"], table["question2"]


def texts_of(folder: Path, numbers: Sequence[int]) -> list[tuple[str, str]]:
    """(question1, question2) of each row, in the order given; IndexError for other numbers.

    Raises `DamagedDataset`.
    """
    with _whole_rows(folder), pq.ParquetFile(folder / PAIRS) as file:
        count = file.metadata.num_rows
        if any(not 0 <= number < count for number in numbers):
            raise IndexError(f"rows go from 0 to {count - 1}")
        groups = {
            group: file.read_row_group(group, columns=TEXTS)
            for group in sorted({number // ROW_GROUP for number in numbers})
        }
    return [_texts_at(groups[number // ROW_GROUP], number % ROW_GROUP) for number in numbers]


def _texts_at(group: pa.Table, row: int) -> tuple[str, str]:
    return group["question1"][row].as_py(), group["question2"][row].as_py()


def open_labels(folder: Path) -> Codes:
    """Labels, int8, mapped read-only. Raises `DamagedDataset`."""
    return _opened(folder, LABELS)


def open_split(folder: Path) -> Codes | None:
    """The given split, int8, mapped read-only; None where the data set has none.

    Raises `DamagedDataset`.
    """
    return _opened(folder, SPLIT) if _is_there(folder, SPLIT) else None


def open_scores(folder: Path) -> Scores | None:
    """The score of each pair, float32, mapped read-only; None where pairs have none.

    Raises `DamagedDataset`.
    """
    return _opened(folder, SCORES) if _is_there(folder, SCORES) else None


def open_triplets(folder: Path) -> Triplets | None:
    """The number of each row's triplet, int32, mapped read-only; None where rows are of none.

    Raises `DamagedDataset`.
    """
    return _opened(folder, TRIPLETS) if _is_there(folder, TRIPLETS) else None


def _is_there(folder: Path, name: str) -> bool:
    return name in recorded(folder) or (folder / name).exists()


def _opened(folder: Path, name: str) -> npt.NDArray[Any]:
    if not damaged(folder, name):
        try:
            return mapped(folder / name)
        except NOT_AN_ARRAY:  # stored before there were records
            pass
    _log.warning("%s is not what was written, and is made again", folder / name)
    write_whole(folder / name, _as_file(_read_numbers(folder, name)))
    return mapped(folder / name)


def _read_numbers(folder: Path, name: str) -> npt.NDArray[Any]:
    column, kind = _COLUMNS[name]
    with _whole_rows(folder):
        if column not in pq.read_schema(folder / PAIRS).names:
            raise DamagedDataset(folder.name, name)
        table = pq.read_table(folder / PAIRS, columns=[column])
    numbers: npt.NDArray[Any] = table[column].to_numpy().astype(kind)
    return numbers


def _as_file(numbers: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, numbers)
    return file.getvalue()


@contextmanager
def _whole_rows(folder: Path) -> Iterator[None]:
    """Raises `DamagedDataset` where the file is not what was written, or cannot be read as one."""
    if damaged(folder, PAIRS):
        raise DamagedDataset(folder.name, PAIRS)
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the file's
            raise
        raise DamagedDataset(folder.name, PAIRS) from error
