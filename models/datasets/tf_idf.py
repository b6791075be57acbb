"""The similarity of two questions without any network: the cosine of their TF-IDF vectors.

What a classifier of pairs has to beat, since it takes no training: word counts, with rare words
counting more. The weights are those of scikit-learn's `TfidfVectorizer` with its defaults, over the
words of the spec's tokenizer: a count times ln((1 + n) / (1 + df)) + 1, where df of n documents
have the word, scaled to length 1. Its documents are the questions that the vocabulary of a run is
made of, so it knows what a network knows; other words are left out, as it does.

scikit-learn takes two seconds to import, and counts words that are counted already; a test holds
this against it.
"""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.datasets import cache
from models.datasets.cache import TokenCache
from models.datasets.derived_files import NOT_AN_ARRAY, ensure_derived, mapped
from models.datasets.ragged import gather
from models.datasets.tokenizer import TokenizerKind, version_of

SCORES = "scores.npy"
_PIECE = 100_000  # rows at once, which bounds the memory whatever the size of the data set

Int64 = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


def kept_scores(folder: Path, kind: TokenizerKind, known: Int64, rows: Int64) -> Scores:
    """The similarities (len(rows),) of these rows of the data set in `folder`, with the weights of
    the questions of the `known` rows.

    They are worked out once, and kept beside the tokens that they come from. Raises
    `DamagedDataset`.
    """
    parts = hashlib.sha256(known.astype("<i8").tobytes())
    parts.update(len(known).to_bytes(8, "little") + rows.astype("<i8").tobytes())
    final = folder / f"tf-idf-{kind}-{version_of(kind)}-{parts.hexdigest()[:16]}"

    def write(to: Path) -> None:
        np.save(to / SCORES, scores(cache.open_tokens(folder, kind), known, rows))

    def trusted() -> bool:
        try:
            return len(mapped(final / SCORES)) == len(rows)
        except (*NOT_AN_ARRAY, FileNotFoundError):
            return False

    ensure_derived(final, (SCORES,), write, trusted)
    return np.array(mapped(final / SCORES))


def scores(tokens: TokenCache, known: Int64, rows: Int64) -> Scores:
    """The cosine of each of these rows (len(rows),), float32 in [0, 1]; 0 where a question has no
    word that is known."""
    weights = _weights(tokens, known)
    pieces = [
        _cosines(tokens, rows[start : start + _PIECE], weights)
        for start in range(0, len(rows), _PIECE)
    ]
    # rounding may leave a cosine just above 1
    return np.concatenate([*pieces, np.empty(0)]).clip(0, 1).astype(np.float32)


def _weights(tokens: TokenCache, known: Int64) -> npt.NDArray[np.float64]:
    """The weight of every word by id; 0 for those that no known question has."""
    words = len(tokens.vocabulary)
    frequency = np.zeros(words, dtype=np.int64)
    for start in range(0, len(known), _PIECE):
        _, word, _ = _counts(tokens, _questions(known[start : start + _PIECE]), words)
        frequency += np.bincount(word, minlength=words)
    inverse = np.log((1 + 2 * len(known)) / (1 + frequency)) + 1
    return np.where(frequency > 0, inverse, 0.0)


def _cosines(
    tokens: TokenCache, rows: Int64, weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    sides = []
    for side in (0, 1):
        question, word, count = _counts(tokens, 2 * rows + side, len(weights))
        weighted = count * weights[word]
        length = np.sqrt(np.bincount(question, weighted**2, minlength=len(rows)))
        with np.errstate(invalid="ignore"):  # 0 / 0, of a question without a known word
            unit = np.nan_to_num(weighted / length[question])
        sides.append((question * len(weights) + word, unit))
    (first, ours), (second, theirs) = sides
    shared, here, there = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    products = ours[here] * theirs[there]
    return np.bincount(shared // max(len(weights), 1), products, len(rows)).astype(np.float64)


def _questions(rows: Int64) -> Int64:
    return np.concatenate((2 * rows, 2 * rows + 1))


def _counts(tokens: TokenCache, questions: Int64, words: int) -> tuple[Int64, Int64, Int64]:
    """Each word of each question once: the place of the question, the word, and how often."""
    ids, offsets = gather(tokens.ids, tokens.offsets, questions)
    place = np.repeat(np.arange(len(questions)), np.diff(offsets))
    distinct, count = np.unique(place * words + ids, return_counts=True)
    return distinct // max(words, 1), distinct % max(words, 1), count
