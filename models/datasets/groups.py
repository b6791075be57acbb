"""Duplicate groups: questions with the same text, or joined by pairs that are labelled duplicate.

Why groups and not pairs: people label a-b and b-c and never see a-c, yet a model that was trained
on a-b and b-c has seen the answer to a-c, and c is a false negative for the anchor a.
"""

import numpy as np
import numpy.typing as npt

from models.datasets.pairs import Codes, Pairs
from models.datasets.ragged import first_positions
from models.datasets.text_kinds import TextKinds, empty_questions, empty_texts, text_kinds

Groups = npt.NDArray[np.int32]


def has_empty_texts(pairs: Pairs) -> bool:
    """Whether a question is empty or only white space."""
    return any(empty_texts(side).any() for side in (pairs.question1, pairs.question2))


def duplicate_groups(pairs: Pairs, *, empty_texts_join: bool = False) -> Groups:
    """The group of every question, int32, 2 * rows: of row r, question1 is number 2r, question2
    2r + 1.

    Questions are in one group when a chain of equal texts (byte for byte) and duplicate pairs
    leads from one to the other. A text that is empty or only white space asks nothing and is equal
    to no other: missing texts would join what has nothing in common. (With `empty_texts_join` it is
    a text as any, as in data sets of before.) Groups are numbered from 0 in order of first
    occurrence.
    """
    texts = text_kinds(pairs)
    if not empty_texts_join:
        empty = empty_questions(pairs)
        texts[empty] = int(texts.max(initial=-1)) + 1 + np.arange(np.count_nonzero(empty))
    return linked_groups(texts, pairs.label)


def linked_groups(texts: TextKinds, labels: Codes) -> Groups:
    """The same from text numbers `texts` (2 * rows) and `labels` (rows; 1 is a link)."""
    # slow to import, and needed only where a data set is new
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if len(texts) == 0:
        return np.zeros(0, dtype=np.int32)
    first, second = texts.reshape(-1, 2)[labels == 1].T
    count = int(texts.max()) + 1
    links = coo_array((np.ones(len(first), dtype=bool), (first, second)), shape=(count, count))
    components, component = connected_components(links, directed=False)
    of_question = component[texts]
    order = np.argsort(first_positions(of_question, components))
    number = np.empty(components, dtype=np.int32)
    number[order] = np.arange(components, dtype=np.int32)
    groups: Groups = number[of_question]
    return groups
