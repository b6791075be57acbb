"""What retrieval searches: each text once, no empty one, and queries that have an answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets import searched
from models.datasets.groups import duplicate_groups
from models.datasets.pairs import make_pairs
from models.datasets.searched import Searched, searched_questions, text_numbers

Row = tuple[str, str, int]


def of(rows: list[Row], first: int = 0) -> Searched:
    """What is searched of the rows from `first` on."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    pairs = make_pairs(columns[0], columns[1], columns[2])
    tested = np.arange(first, len(rows))
    return searched_questions(tested, text_numbers(pairs), duplicate_groups(pairs))


def test_a_text_is_searched_once_and_is_a_query_where_it_has_a_duplicate() -> None:
    found = of([("a", "b", 1), ("a", "c", 0), ("a", "b", 1), ("d", "A", 0)])
    assert found.corpus.tolist() == [0, 1, 3, 6, 7]  # a, b, c, d, A
    assert found.queries.tolist() == [0, 1]


def test_texts_that_rows_of_another_part_join_are_duplicates_too() -> None:
    rows = [("a", "b", 1), ("b", "c", 1), ("a", "x", 0), ("y", "c", 0)]
    assert of(rows, first=2).queries.tolist() == [4, 7]  # a and c, whom no row names together


def test_an_empty_text_is_neither_searched_nor_searched_for() -> None:
    found = of([("", "b", 1), (" ", "\t", 1), ("d", "d", 1)])
    assert found.corpus.tolist() == [1, 4]
    assert found.queries.tolist() == []  # d is its own duplicate alone


def test_the_cost_of_many_questions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"a{n}", f"b{n}", 1) for n in range(10)]
    monkeypatch.setattr(searched, "MOST_QUERIES", 5)
    assert of(rows).queries.tolist() == [0, 4, 8, 12, 16]  # spread evenly
    monkeypatch.setattr(searched, "MOST_SEARCHED", 19)
    found = of(rows)
    assert (len(found.corpus), len(found.queries)) == (20, 0)


TEXTS = st.sampled_from(["", " ", "a", "b", "c", "d", "e"])


@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 1)), min_size=1, max_size=12))
def test_queries_are_the_texts_that_a_slow_search_finds_a_duplicate_of(rows: list[Row]) -> None:
    texts = {number: text for number, text in enumerate(t for a, b, _ in rows for t in (a, b))}
    pairs = make_pairs([a for a, _, _ in rows], [b for _, b, _ in rows], [n for *_, n in rows])
    group = duplicate_groups(pairs)
    first: dict[str, int] = {}
    for number, text in texts.items():
        if text.strip():
            first.setdefault(text, number)
    corpus = sorted(first.values())
    queries = [q for q in corpus if any(group[q] == group[o] for o in corpus if o != q)]
    found = of(rows)
    assert (found.corpus.tolist(), found.queries.tolist()) == (corpus, queries)
