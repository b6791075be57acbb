"""A stored data set: its rows, and its tokens as flat arrays that processes map instead of copying.

Why flat files: workers side by side share one page cache, and opening 8 million tokens takes a
millisecond. Why tokens are built on demand: most data sets are only ever used with one tokenizer.
All files but `pairs.parquet` are made from it, and made again where they are not what was written;
of that one only whoever uploaded it has a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.datasets.derived_files import NOT_AN_ARRAY, ensure_derived, mapped
from models.datasets.groups import Groups, duplicate_groups, has_empty_texts
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.rows_file import LABELS, read_texts, texts_of, write_rows
from models.datasets.rows_file import PAIRS as PAIRS
from models.datasets.rows_file import open_labels as open_labels
from models.datasets.rows_file import open_scores as open_scores
from models.datasets.rows_file import open_split as open_split
from models.datasets.rows_file import open_triplets as open_triplets
from models.datasets.searched import TextNumbers, text_numbers
from models.datasets.tokenizer import TokenizerKind, version_of
from models.datasets.tokenstream import token_stream
from models.errors import DamagedDataset
from models.files.atomic import new_folder
from models.files.recorded_hashes import damaged, recorded

GROUPS_FOLDER, GROUPS = "groups", "groups.npy"
APART_FOLDER = "groups-apart"
"""In place of the other where there are empty texts, which joined groups in data sets of before:
these keep their groups, and with them their splits."""
TEXTS_FOLDER, TEXTS = "texts", "texts.npy"
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
        self._folder = folder

    def rows(self, numbers: Sequence[int]) -> list[tuple[str, str]]:
        """(question1, question2) of each row, in the order given; IndexError for other numbers.

        Raises `DamagedDataset`.
        """
        return texts_of(self._folder, numbers)


def store(pairs: Pairs, folder: Path) -> None:
    """Write a data set's folder whole or not at all.

    An existing folder is kept, if its files are known to be what was written; otherwise they are
    replaced.
    """
    there = folder.is_dir()
    if not there or not is_whole(folder):
        with new_folder(folder, over=there) as temporary:
            write_rows(pairs, temporary)


def is_whole(folder: Path) -> bool:
    """Whether the rows of a stored data set are known to be what was written."""
    return bool(recorded(folder)) and not damaged(folder)


def load(folder: Path) -> Pairs:
    """Read the whole of a stored data set. Raises `DamagedDataset`."""
    try:
        return make_pairs(
            *read_texts(folder),
            open_labels(folder),
            open_split(folder),
            score=open_scores(folder),
            triplet=open_triplets(folder),
        )
    except ValueError as error:  # not as many labels as texts
        raise DamagedDataset(folder.name, LABELS) from error


def open_texts(folder: Path) -> TextRows:
    """Access to texts by row number."""
    return TextRows(folder)


def open_tokens(folder: Path, kind: TokenizerKind, pairs: Pairs | None = None) -> TokenCache:
    """Map the tokens of a stored data set, building them the first time, and again where their
    files are not what was written.

    `pairs` saves reading the texts again where the caller still has them. Tokens of another version
    of the tokenizer are kept, since a worker of that version may be reading them. Raises
    `DamagedDataset`.
    """
    final = folder / f"tokens-{kind}-{version_of(kind)}"

    def write(to: Path) -> None:
        stream = token_stream(load(folder) if pairs is None else pairs, kind)
        np.save(to / IDS, stream.ids)
        np.save(to / OFFSETS, stream.offsets)
        lines = "".join(f"{word}\n" for word in stream.vocabulary)
        (to / VOCABULARY).write_text(lines, encoding="utf-8", newline="\n")

    def trusted() -> bool:
        return pairs is None and _tokens_fit(final)

    ensure_derived(final, (IDS, OFFSETS, VOCABULARY), write, trusted)
    return TokenCache(final, mapped(final / IDS), mapped(final / OFFSETS))


def _tokens_fit(folder: Path) -> bool:
    """Whether tokens without a record are whole, as far as their numbers say."""
    try:
        ids, offsets = mapped(folder / IDS), mapped(folder / OFFSETS)
        words = (folder / VOCABULARY).read_bytes().count(b"\n")
    except (*NOT_AN_ARRAY, FileNotFoundError):
        return False
    known = int(ids.max()) + 1 if len(ids) else 0
    return len(offsets) > 0 and int(offsets[-1]) == len(ids) and words == known


def open_groups(folder: Path, pairs: Pairs | None = None) -> Groups:
    """Map the duplicate group of every question (int32, 2 * rows), building it the first time.

    `pairs`, and building it again, as in `open_tokens`. A folder from before there were groups gets
    them here. Raises `DamagedDataset`.
    """
    kept = [path for name in (APART_FOLDER, GROUPS_FOLDER) if (path := folder / name).is_dir()]
    rows = pairs if pairs is not None or kept else load(folder)
    final = kept[0] if kept else folder / _groups_folder(rows)

    def write(to: Path) -> None:
        joined = final.name == GROUPS_FOLDER
        whole = load(folder) if rows is None else rows
        np.save(to / GROUPS, duplicate_groups(whole, empty_texts_join=joined))

    def trusted() -> bool:
        return pairs is None and _one_a_question(folder, final / GROUPS)

    ensure_derived(final, (GROUPS,), write, trusted)
    return mapped(final / GROUPS)


def open_text_numbers(folder: Path, pairs: Pairs | None = None) -> TextNumbers:
    """Map the number of every question's text (see `text_numbers`), building it the first time.

    `pairs`, and building it again, as in `open_tokens`. Raises `DamagedDataset`.
    """
    final = folder / TEXTS_FOLDER

    def write(to: Path) -> None:
        np.save(to / TEXTS, text_numbers(load(folder) if pairs is None else pairs))

    def trusted() -> bool:
        return pairs is None and _one_a_question(folder, final / TEXTS)

    ensure_derived(final, (TEXTS,), write, trusted)
    return mapped(final / TEXTS)


def _groups_folder(rows: Pairs | None) -> str:
    return APART_FOLDER if rows is not None and has_empty_texts(rows) else GROUPS_FOLDER


def _one_a_question(folder: Path, array: Path) -> bool:
    """Whether an array without a record is whole, as far as its length says."""
    try:
        return len(mapped(array)) == 2 * len(open_labels(folder))
    except (*NOT_AN_ARRAY, FileNotFoundError):
        return False
