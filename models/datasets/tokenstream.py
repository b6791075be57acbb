"""From all questions of a data set to word numbers, tokenising each distinct piece of text once.

Why by pieces: 808,002 Quora questions hold about 9 million runs of non-space characters but only
some 240,000 distinct ones. Arrow splits and counts them, Python tokenises the distinct ones, and
numpy puts the questions together again, a block of rows at a time: the pieces of ten million
questions would take gigabytes. `tokenize` never matches across white space, so the result is the
same.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.datasets.pairs import Pairs
from models.datasets.ragged import gather, offsets_of
from models.datasets.tokenizer import TokenizerKind, tokenize

BLOCK = 100_000  # rows


@dataclass(frozen=True, eq=False)
class TokenStream:
    """`ids` (int32) and `offsets` (int64, questions + 1) of all questions; `vocabulary` by id."""

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    vocabulary: list[str]


def token_stream(pairs: Pairs, kind: TokenizerKind) -> TokenStream:
    """Tokenise all questions, question1 of a row before its question2.

    Words are numbered in order of first occurrence.
    """
    numbering = _Numbering(kind)
    streams: list[npt.NDArray[np.int32]] = []
    lengths = [np.empty(0, np.int64)]
    for texts in _blocks(pairs):
        pieces, piece_of, piece_offsets = _distinct_pieces(texts)
        flat, flat_offsets = numbering.tokenised(pieces)
        tokens, token_offsets = gather(flat, flat_offsets, piece_of)
        streams.append(tokens)
        lengths.append(np.diff(token_offsets[piece_offsets]))
    offsets = offsets_of(np.concatenate(lengths))
    return TokenStream(_joined(streams, int(offsets[-1])), offsets, list(numbering.words))


def _joined(streams: list[npt.NDArray[np.int32]], length: int) -> npt.NDArray[np.int32]:
    """The arrays as one of this length; the list is emptied, so that both are not kept at once."""
    whole = np.empty(length, dtype=np.int32)
    while streams:
        last = streams.pop()
        whole[length - len(last) : length] = last
        length -= len(last)
    return whole


def _blocks(pairs: Pairs) -> Iterator[pa.Array]:
    """The questions of so many rows at a time, question1 of a row before its question2."""
    for begin in range(0, len(pairs), BLOCK):
        sides = [side.slice(begin, BLOCK) for side in (pairs.question1, pairs.question2)]
        both = pa.concat_arrays(sides)
        yield both.take(np.arange(len(both)).reshape(2, -1).T.ravel())


def distinct_texts(pairs: Pairs) -> tuple[pa.Array, npt.NDArray[np.int64]]:
    """The distinct texts, and the number of each question's text among them: int64, 2 * rows."""
    encoded = pc.dictionary_encode(pa.chunked_array([pairs.question1, pairs.question2]))
    numbers = np.empty((len(pairs), 2), dtype=np.int64)
    for side, chunk in enumerate(encoded.chunks):  # which share one dictionary
        numbers[:, side] = chunk.indices.to_numpy()
    return encoded.chunk(1).dictionary, numbers.ravel()


def _distinct_pieces(
    texts: pa.Array,
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The distinct pieces, the piece at each place, and each text's places as offsets."""
    split = pc.utf8_split_whitespace(texts)
    encoded = pc.dictionary_encode(split.flatten())
    offsets = split.offsets.to_numpy().astype(np.int64)
    places = encoded.indices.to_numpy().astype(np.int64)
    return encoded.dictionary.to_pylist(), places, offsets - offsets[0]


class _Numbering:
    """Numbers words in the order in which their pieces come."""

    def __init__(self, kind: TokenizerKind) -> None:
        self._kind = kind
        self.words: dict[str, int] = {}

    def tokenised(self, pieces: list[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The numbers of each piece's words, end to end, with their offsets."""
        flat: list[int] = []
        lengths = np.zeros(len(pieces), dtype=np.int64)
        for place, piece in enumerate(pieces):
            tokens = tokenize(piece, self._kind)
            lengths[place] = len(tokens)
            flat.extend([self.words.setdefault(token, len(self.words)) for token in tokens])
        return np.array(flat, dtype=np.int32), offsets_of(lengths)
