"""Which questions have the same text, against a dictionary of Python's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.datasets import text_kinds as module
from models.datasets.pairs import make_pairs
from models.datasets.text_kinds import empty_questions, text_kinds

ROWS = st.lists(st.tuples(*[st.text(alphabet="aé \u3000", max_size=20)] * 2), max_size=60)


@given(ROWS)
def test_texts_are_numbered_as_they_occur_first_in_question1_and_then_in_question2(
    rows: list[tuple[str, str]],
) -> None:
    pairs = make_pairs([row[0] for row in rows], [row[1] for row in rows], [0] * len(rows))
    known: dict[str, int] = {}
    sides = [[known.setdefault(row[side], len(known)) for row in rows] for side in (0, 1)]
    expected = np.array(sides, dtype=np.int32).reshape(2, -1).T.ravel()
    assert np.array_equal(text_kinds(pairs), expected)


@given(ROWS)
def test_a_question_is_empty_where_it_has_nothing_but_white_space(
    rows: list[tuple[str, str]],
) -> None:
    pairs = make_pairs([row[0] for row in rows], [row[1] for row in rows], [0] * len(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 3)
        found = empty_questions(pairs).tolist()
    assert found == [not text.strip() for row in rows for text in row]
