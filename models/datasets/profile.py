"""What a person should know of a data set before training on it.

Why token lengths and not characters: a step's cost is the number of tokens the network reads.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.datasets.cache import TokenCache
from models.datasets.pairs import Pairs


@dataclass(frozen=True)
class Profile:
    """Counts are of rows (`rows`, `duplicates`) or of questions, two a row; lengths in tokens."""

    rows: int
    duplicates: int
    duplicate_share: float
    empty_texts: int
    distinct_texts: int
    token_length_mean: float
    token_length_median: float
    token_length_p99: float
    token_length_max: int
    vocabulary_size: int


def profile(pairs: Pairs, tokens: TokenCache) -> Profile:
    """Profile a data set of at least one row; `tokens` are its own.

    A text of white space alone counts as empty: it has no token.
    """
    lengths = tokens.lengths()
    duplicates = int(pairs.label.sum(dtype=np.int64))
    texts = pa.chunked_array([pairs.question1, pairs.question2])
    return Profile(
        rows=len(pairs),
        duplicates=duplicates,
        duplicate_share=duplicates / len(pairs),
        empty_texts=int(np.count_nonzero(lengths == 0)),
        distinct_texts=pc.count_distinct(texts).as_py(),
        token_length_mean=float(lengths.mean()),
        token_length_median=float(np.median(lengths)),
        token_length_p99=float(np.percentile(lengths, 99)),
        token_length_max=int(lengths.max()),
        vocabulary_size=len(tokens.vocabulary),
    )
