"""What a person should know about a data set before training on it.

Why token lengths and not characters: a step's cost is the number of tokens the network reads.
"""

from dataclasses import dataclass

import numpy as np

from models.datasets.cache import TokenCache
from models.datasets.groups import Groups
from models.datasets.pairs import Codes, Pairs
from models.datasets.split_sizes import in_rows
from models.datasets.text_kinds import TextKinds, text_kinds
from models.specs.splits import InOrderSplit


@dataclass(frozen=True)
class Profile:
    """Counts are of rows (`rows`, `duplicates`) or of questions, two a row; lengths in tokens.

    A duplicate group is two or more distinct texts that duplicate pairs join. `false_negatives`
    are pairs that are not labelled duplicate although duplicate pairs join their questions.
    Of the `in_order_test` test pairs of the in-order split, `in_order_shared` have a question that
    is also in a duplicate pair of its training rows.
    """

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
    duplicate_groups: int
    largest_group: int
    false_negatives: int
    in_order_test: int
    in_order_shared: int


def profile(pairs: Pairs, tokens: TokenCache, groups: Groups) -> Profile:
    """Profile a data set of at least one row; `tokens` and `groups` are its own.

    A text of only white space counts as empty: it has no token.
    """
    lengths = tokens.lengths()
    duplicates = int(pairs.label.sum(dtype=np.int64))
    texts = text_kinds(pairs)
    group_of_text = np.empty(int(texts.max()) + 1, dtype=np.int64)
    group_of_text[texts] = groups
    filled = np.unique(texts[lengths > 0])  # an empty text is a question of its own each time
    sizes = np.bincount(group_of_text[filled])
    test, shared = _in_order_shared(texts.reshape(-1, 2), pairs.label)
    return Profile(
        rows=len(pairs),
        duplicates=duplicates,
        duplicate_share=duplicates / len(pairs),
        empty_texts=int(np.count_nonzero(lengths == 0)),
        distinct_texts=len(group_of_text),
        token_length_mean=float(lengths.mean()),
        token_length_median=float(np.median(lengths)),
        token_length_p99=float(np.percentile(lengths, 99)),
        token_length_max=int(lengths.max()),
        vocabulary_size=len(tokens.vocabulary),
        duplicate_groups=int(np.count_nonzero(sizes > 1)),
        largest_group=int(sizes.max(initial=0)),
        false_negatives=int(np.count_nonzero((groups[::2] == groups[1::2]) & (pairs.label != 1))),
        in_order_test=test,
        in_order_shared=shared,
    )


def _in_order_shared(texts: TextKinds, labels: Codes) -> tuple[int, int]:
    """Test pairs of the in-order split, and those with a question that is trained on.

    `texts` (rows, 2). The split is that of a spec which gives no sizes: what is told of a data set
    is then what its first experiment has.
    """
    split = in_rows(InOrderSplit(), len(texts))
    assert isinstance(split, InOrderSplit)
    assert split.train_rows is not None
    assert split.test_rows is not None
    rows = min(len(texts), split.train_rows + split.test_rows)
    cut = rows - split.test_rows
    trained = np.zeros(int(texts.max()) + 1, dtype=bool)
    trained[texts[:cut][labels[:cut] == 1]] = True
    return rows - cut, int(np.count_nonzero(trained[texts[cut:rows]].any(axis=1)))
