"""Which questions of a data set have the same text, without a copy of all texts.

Equal texts are equally long, so texts are compared among those whose lengths in bytes leave the
same remainder: a dictionary of the distinct texts of ten million questions would take a gigabyte.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.datasets.pairs import Pairs, utf8_parts
from models.datasets.ragged import first_positions

TextKinds = npt.NDArray[np.int32]

CLASSES = 16
BLOCK = 500_000  # texts


def text_kinds(pairs: Pairs) -> TextKinds:
    """A number for the text of every question, equal where the texts are (byte for byte): int32,
    2 * rows. Texts are numbered from 0 as they occur in question1, then in question2."""
    sides = pairs.question1, pairs.question2
    classes = [np.diff(utf8_parts(side)[0]) % CLASSES for side in sides]
    kinds = np.empty((2, len(pairs)), dtype=np.int32)
    count = 0
    for each in range(CLASSES):
        places = [np.flatnonzero(lengths == each) for lengths in classes]
        texts = [side.take(pa.array(own)) for side, own in zip(sides, places, strict=True)]
        encoded = pc.dictionary_encode(pa.concat_arrays(texts))
        kinds_here = np.split(encoded.indices.to_numpy() + np.int32(count), [len(places[0])])
        for side, here in enumerate(kinds_here):
            kinds[side, places[side]] = here
        count += len(encoded.dictionary)
    order = np.argsort(first_positions(kinds.ravel(), count))
    number = np.empty(count, dtype=np.int32)
    number[order] = np.arange(count, dtype=np.int32)
    return number[kinds.T].ravel()


def empty_texts(texts: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Whether each text is empty or only white space."""
    empty = np.empty(len(texts), dtype=bool)
    for begin in range(0, len(texts), BLOCK):
        trimmed = pc.utf8_trim_whitespace(texts.slice(begin, BLOCK))
        empty[begin : begin + BLOCK] = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    return empty


def empty_questions(pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Whether the text of each question is empty or only white space: 2 * rows."""
    return np.stack([empty_texts(pairs.question1), empty_texts(pairs.question2)], axis=1).ravel()
