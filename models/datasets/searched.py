"""What retrieval searches: the distinct questions of some rows, and those of them that are queries.

A query is a question that has a known duplicate under another text among these rows. Which those
are does not depend on how a network reads words, so all arms are asked the same.
"""

from typing import NamedTuple

import numpy as np

from models.datasets.groups import Groups
from models.datasets.pairs import Pairs
from models.datasets.splits import Rows
from models.datasets.text_kinds import TextKinds, empty_questions, text_kinds

MOST_SEARCHED = 100_000
"""Distinct questions; the product of all queries with more would take minutes of each run."""
MOST_QUERIES = 10_000
"""So many, spread evenly, stand for more; the mean of all is then rarely 0.01 away."""
EMPTY = -1

TextNumbers = TextKinds


class Searched(NamedTuple):
    """Numbers of questions, ascending, as `duplicate_groups` numbers them."""

    corpus: Rows
    """The first question of each distinct text: (N,)."""
    queries: Rows
    """Those that have a duplicate in the corpus, at most `MOST_QUERIES`: (Q,). None where there are
    more than `MOST_SEARCHED` texts."""


def text_numbers(pairs: Pairs) -> TextNumbers:
    """A number for the text of every question, equal where the texts are (byte for byte): int32,
    2 * rows. A text that is empty or only white space asks nothing, and has `EMPTY`."""
    numbers = text_kinds(pairs)
    numbers[empty_questions(pairs)] = EMPTY
    return numbers


def searched_questions(rows: Rows, texts: TextNumbers, groups: Groups) -> Searched:
    """The questions of these rows, given the text and the duplicate group of every question."""
    questions = (2 * rows[:, None] + np.arange(2)).ravel()
    questions = questions[texts[questions] != EMPTY]
    _, first = np.unique(texts[questions], return_index=True)
    corpus = questions[np.sort(first)]
    if len(corpus) > MOST_SEARCHED:
        return Searched(corpus, corpus[:0])
    _, group, sizes = np.unique(groups[corpus], return_inverse=True, return_counts=True)
    queries = corpus[sizes[group] > 1]
    count = min(len(queries), MOST_QUERIES)
    return Searched(corpus, queries[np.arange(count) * len(queries) // max(count, 1)])
