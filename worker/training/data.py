"""The data of a run as plain arrays: token ids of every question, labels, and the rows of each use.

Token ids are stored once for a data set and shared by all runs (memory-mapped by the caller);
`remap` turns them into the run's own vocabulary when a batch is read.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

UNKNOWN = 0
PAD = 1

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PretrainedStart:
    """What a pretrained encoder starts from: the model's files, and its weights by name, float32.

    `identity` says which model this is, and which library builds it.
    """

    identity: str
    config: bytes
    tokenizer: bytes
    weights: dict[str, npt.NDArray[np.float32]]


class NegativeTable(NamedTuple):
    """Questions (N,) by the keys (N,), ascending, of those whose negatives they are."""

    keys: Int32
    questions: Int64


@dataclass(frozen=True)
class GivenNegatives:
    """The key of every question (2 * rows), and the negatives that rows of a part give by key.

    A key without negatives has none of its own in the table.
    """

    keys: Int32
    train: NegativeTable
    validation: NegativeTable

    def arrays(self) -> Iterator[npt.NDArray[Any]]:
        """All of it, to be hashed."""
        yield from (self.keys, *self.train, *self.validation)


@dataclass(frozen=True)
class VectorStart:
    """The embeddings that come from token vectors: the words' ids, ascending, and their rows.

    `identity` says which vectors these are.
    """

    identity: str
    ids: Int64
    values: npt.NDArray[np.float32]
    """(len(ids), width of an embedding)"""


@dataclass(frozen=True)
class RunData:
    """Token arrays and row numbers. Question `2 * row + side` has ids[offsets[q]:offsets[q + 1]].

    `groups` is the duplicate group of every question: equal where two are known to ask the same.
    `train` and `validation_duplicates` hold duplicate pairs only; `validation` and `test` both.
    `corpus` and `queries` are numbers of questions of the test rows, ascending: those that
    retrieval searches, and those of them that it searches for. All rows ascend.
    """

    ids: Int32
    offsets: Int64
    remap: Int32
    vocabulary_size: int
    labels: npt.NDArray[np.int8]
    train: Int64
    validation_duplicates: Int64
    validation: Int64
    test: Int64
    groups: Int32
    corpus: Int64 = field(default_factory=lambda: np.empty(0, np.int64))
    queries: Int64 = field(default_factory=lambda: np.empty(0, np.int64))
    pretrained: PretrainedStart | None = None
    vectors: VectorStart | None = None
    scores: npt.NDArray[np.float32] | None = None
    """How similar people found the two texts of each row, where the data say."""
    triplets: Int32 | None = None
    """The number of the triplet that each row is of, where rows are of one."""
    given: GivenNegatives | None = None
    """The negatives that rows give to anchors, where an arm of the experiment asks for any."""

    def fingerprint(self) -> str:
        """A hash of all that a training reads here: it differs for other rows, another split or a
        changed tokenizer. It takes a tenth of a second for the 8 million tokens of Quora.

        Not what retrieval searches, which follows from texts and rows, and changes no weights."""
        parts = (
            *(self.ids, self.offsets, self.remap, self.labels, self.groups),
            *(self.train, self.validation_duplicates, self.validation, self.test),
            *(part for part in (self.scores, self.triplets) if part is not None),
            *(self.given.arrays() if self.given is not None else ()),
        )
        digest = hashlib.blake2b(str(self.vocabulary_size).encode(), digest_size=32)
        if self.pretrained is not None:
            digest.update(self.pretrained.identity.encode())
        if self.vectors is not None:  # of these words, which follow from the arrays below
            digest.update(self.vectors.identity.encode())
        for part in parts:
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Questions:
    """Some questions, one after the other: `ids` (tokens,), `lengths` (questions,), all >= 1."""

    ids: Int64
    lengths: Int64


NO_QUESTIONS: Int64 = np.empty(0, np.int64)


def pair_questions(data: RunData, rows: Int64, further: Int64 = NO_QUESTIONS) -> Questions:
    """The questions of all `rows`, 2 x len(rows): first those of side 1, then those of side 2, then
    the questions of the numbers `further`.

    A question without a token is read as one padding token, as the course's network would.
    """
    questions = np.concatenate((2 * rows, 2 * rows + 1, further))
    starts = data.offsets[questions]
    lengths = data.offsets[questions + 1] - starts
    shown = np.maximum(lengths, 1)
    first = np.cumsum(shown) - shown
    positions = np.arange(shown.sum()) - np.repeat(first - starts, shown)
    ids = data.remap[data.ids[np.minimum(positions, len(data.ids) - 1)]].astype(np.int64)
    ids[first[lengths == 0]] = PAD
    return Questions(ids, shown)


def pad_to_power_of_two(questions: Questions) -> Questions:
    """Every question padded to the longest, rounded up to a power of two, as in the course."""
    width = 1 << int(questions.lengths.max() - 1).bit_length()
    count = len(questions.lengths)
    ids = np.full((count, width), PAD, dtype=np.int64)
    ids[np.arange(width) < questions.lengths[:, None]] = questions.ids
    return Questions(ids.reshape(-1), np.full(count, width, dtype=np.int64))
