"""A stored data set: its rows, and its tokens as flat arrays that processes map instead of copying.

Why flat files: workers side by side share one page cache, and opening 8 million tokens takes a
millisecond. Why tokens are built on demand: most data sets are only ever used with one tokenizer.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from models.datasets.groups import Groups, duplicate_groups
from models.datasets.pairs import Codes, Pairs, make_pairs
from models.datasets.tokenizer import VERSION, TokenizerKind
from models.datasets.tokenstream import token_stream
from models.files.atomic import new_folder

ROW_GROUP = 16_384  # rows; `TextRows` reads at most this many for one text
PAIRS, LABELS, SPLIT = "pairs.parquet", "labels.npy", "split.npy"
GROUPS_FOLDER, GROUPS = "groups", "groups.npy"
IDS, OFFSETS, VOCABULARY = "ids.npy", "offsets.npy", "vocabulary.txt"


@dataclass(frozen=True, eq=False)
class TokenCache:
    """The tokens of all questions; of row r, question1 is number 2r and question2 is 2r + 1.

    `ids`: int32, all questions end to end; `offsets`: int64, 2 * rows + 1. Ids number the words
    in order of first occurrence in the whole data set. Both arrays are read-only maps.
    """

    folder: Path
    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]

    @cached_property
    def vocabulary(self) -> list[str]:
        """The word of each id."""
        return (self.folder / VOCABULARY).read_bytes().decode().split("\n")[:-1]

    def question(self, row: int, side: int) -> npt.NDArray[np.int32]:
        """The ids of question1 (`side` 0) or question2 (1) of a row."""
        number = 2 * row + side
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens in each question, int64, 2 * rows."""
        return np.diff(self.offsets)


class TextRows:
    """The texts of a stored data set, for reading a few rows."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / PAIRS

    def rows(self, numbers: list[int]) -> list[tuple[str, str]]:
        """(question1, question2) of each row, in the order given; IndexError for other numbers."""
        with pq.ParquetFile(self._path) as file:
            count = file.metadata.num_rows
            if any(not 0 <= number < count for number in numbers):
                raise IndexError(f"rows go from 0 to {count - 1}")
            groups = {
                group: file.read_row_group(group)
                for group in sorted({number // ROW_GROUP for number in numbers})
            }
        return [_texts_at(groups[number // ROW_GROUP], number % ROW_GROUP) for number in numbers]


def _texts_at(group: pa.Table, row: int) -> tuple[str, str]:
    return group["question1"][row].as_py(), group["question2"][row].as_py()


def store(pairs: Pairs, folder: Path) -> None:
    """Write a data set's folder whole or not at all; an existing folder is kept."""
    with new_folder(folder) as temporary:
        table = pa.table({"question1": pairs.question1, "question2": pairs.question2})
        pq.write_table(
            table,
            temporary / PAIRS,
            compression="zstd",
            row_group_size=ROW_GROUP,
            use_dictionary=False,
        )
        np.save(temporary / LABELS, pairs.label)
        if pairs.split is not None:
            np.save(temporary / SPLIT, pairs.split)


def load(folder: Path) -> Pairs:
    """Read the whole of a stored data set."""
    table = pq.read_table(folder / PAIRS)
    return make_pairs(
        table["question1"], table["question2"], open_labels(folder), open_split(folder)
    )


def open_labels(folder: Path) -> Codes:
    """Labels, int8, mapped read-only."""
    labels: Codes = np.load(folder / LABELS, mmap_mode="r")
    return labels


def open_split(folder: Path) -> Codes | None:
    """The given split, int8, mapped read-only; None where the data set has none."""
    path = folder / SPLIT
    return np.load(path, mmap_mode="r") if path.exists() else None


def open_texts(folder: Path) -> TextRows:
    """Access to texts by row number."""
    return TextRows(folder)


def open_tokens(folder: Path, kind: TokenizerKind, pairs: Pairs | None = None) -> TokenCache:
    """Map the tokens of a stored data set, building them the first time.

    `pairs` saves reading the texts again where the caller still has them. Safe when several
    processes build at once. Tokens of another version of the tokenizer are kept, since a worker of
    that version may be reading them.
    """
    final = folder / f"tokens-{kind}-{VERSION}"
    if not final.exists():
        with new_folder(final) as temporary:
            stream = token_stream(load(folder) if pairs is None else pairs, kind)
            np.save(temporary / IDS, stream.ids)
            np.save(temporary / OFFSETS, stream.offsets)
            lines = "".join(f"{word}\n" for word in stream.vocabulary)
            (temporary / VOCABULARY).write_text(lines, encoding="utf-8", newline="\n")
    ids = np.load(final / IDS, mmap_mode="r")
    return TokenCache(final, ids, np.load(final / OFFSETS, mmap_mode="r"))


def open_groups(folder: Path, pairs: Pairs | None = None) -> Groups:
    """Map the duplicate group of every question (int32, 2 * rows), building it the first time.

    `pairs` as in `open_tokens`; as safe as it when several processes build at once. A folder from
    before there were groups gets them here.
    """
    final = folder / GROUPS_FOLDER
    if not final.exists():
        with new_folder(final) as temporary:
            np.save(temporary / GROUPS, duplicate_groups(load(folder) if pairs is None else pairs))
    groups: Groups = np.load(final / GROUPS, mmap_mode="r")
    return groups
