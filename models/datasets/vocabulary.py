"""The vocabulary of a run: which of the data set's words it knows, and their ids in the run.

Why a remap table and not new ids on disk: tokens are cached once for a data set, while each spec
chooses its training rows and limits. All that a run needs is `remap[ids]`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.datasets.cache import TokenCache
from models.datasets.ragged import first_positions, gather
from models.datasets.splits import Rows, SplitRows
from models.specs.training import VocabularySpec

UNKNOWN, PAD, FIRST_WORD = 0, 1, 2


class RunVocabulary(NamedTuple):
    """`remap`: int32, the id in the run of each word of the data set; `size`: highest id + 1.

    Ids: 0 unknown, 1 padding, words from 2 in order of first occurrence.
    """

    remap: npt.NDArray[np.int32]
    size: int


def build_vocabulary(
    tokens: TokenCache, rows: Rows, min_count: int = 1, max_size: int | None = None
) -> RunVocabulary:
    """Number the words of the questions of `rows` (question1 before question2, rows as given).

    Words seen fewer than `min_count` times are unknown; `max_size` keeps only the most frequent
    words, and of equally frequent ones those seen first. ValueError for a limit below 1.
    """
    if min_count < 1 or (max_size is not None and max_size < 1):
        raise ValueError("min_count and max_size must be 1 or more")
    questions = (2 * np.asarray(rows, dtype=np.int64)[:, None] + np.arange(2)).ravel()
    stream, _ = gather(tokens.ids, tokens.offsets, questions)
    known = len(tokens.vocabulary)
    counts = np.bincount(stream, minlength=known)
    first = first_positions(stream, known)
    words = np.flatnonzero(counts >= min_count)
    if max_size is not None:
        words = words[np.lexsort((first[words], -counts[words]))][:max_size]
    words = words[np.argsort(first[words])]
    remap = np.full(known, UNKNOWN, dtype=np.int32)
    remap[words] = np.arange(FIRST_WORD, FIRST_WORD + len(words), dtype=np.int32)
    return RunVocabulary(remap, FIRST_WORD + len(words))


def vocabulary_of_split(tokens: TokenCache, rows: SplitRows, spec: VocabularySpec) -> RunVocabulary:
    """The vocabulary of a run whose rows are these: of the pairs that train and validate, in the
    order of the data set."""
    others = rows.others if spec.rows == "all" else rows.others[:0]
    known = np.sort(np.concatenate((rows.train, others, rows.validation_duplicates)))
    return build_vocabulary(tokens, known, spec.min_count, spec.max_size)


def words_by_id(words: Sequence[str], remap: npt.NDArray[np.int32]) -> list[str]:
    """The words that a run knows, in the order of their ids in the run, from `FIRST_WORD` on.

    `words` are the data set's, and `remap` is their ids in the run, as `build_vocabulary` gives.
    """
    known = np.flatnonzero(remap >= FIRST_WORD)
    return [words[index] for index in known[np.argsort(remap[known])].tolist()]
