"""Which negatives the rows of a data set give, against loops over its rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.datasets.cache import store
from models.datasets.connected import connected_groups
from models.datasets.generated.generator import generate_pairs
from models.datasets.given_negatives import negative_keys, negative_table
from models.datasets.groups import duplicate_groups
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.searched import text_numbers
from models.datasets.splits import SplitRows, in_order
from models.datasets.splits import given as given_split
from worker.attempts.loading import load_run_data

from support.training import tiny_spec

TEXTS = ["a", "b", "c", "d", " ", "e"]


def texts_of(pairs: Pairs) -> list[tuple[str, str]]:
    columns = pairs.question1.to_pylist(), pairs.question2.to_pylist()
    return [*zip(*columns, strict=True)]


def slow(pairs: Pairs, rows: list[int], text: str) -> list[str]:
    """The texts that these rows call no duplicate of `text`, each once, in their order."""
    found = []
    for row in rows:
        first, second = texts_of(pairs)[row]
        found += [other for one, other in ((first, second), (second, first)) if one == text]
    useful = [other for other in found if other.strip() and other != text]
    return list(dict.fromkeys(useful)) if text.strip() else []


@given(
    st.lists(
        st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.integers(0, 1)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=80, deadline=None)
def test_a_question_has_what_rows_call_no_duplicate_of_its_text(
    rows: list[tuple[str, str, int]],
) -> None:
    first, second, labels = (list(column) for column in zip(*rows, strict=True))
    pairs = make_pairs(first, second, labels)
    others = np.flatnonzero(pairs.label == 0)
    numbers = text_numbers(pairs)
    table, keys = negative_table(others, numbers), negative_keys(numbers, None)
    flat = [text for pair in texts_of(pairs) for text in pair]
    for question, text in enumerate(flat):
        found = [flat[q] for q in table.questions[table.keys == keys[question]].tolist()]
        assert found == slow(pairs, others.tolist(), text)
    counts = table.counts(keys)
    assert counts.tolist() == [len(slow(pairs, others.tolist(), text)) for text in flat]


def test_a_triplets_anchor_has_its_own_negatives_and_its_positive_none() -> None:
    pairs = make_pairs(
        ["a", "a", "a", "a", "b", "b"],
        ["p", "n1", "n2", "n1", "q", "n3"],
        [1, 0, 0, 0, 1, 0],
        triplet=[0, 0, 0, 0, 1, 1],
    )
    numbers, others = text_numbers(pairs), np.flatnonzero(pairs.label == 0)
    table = negative_table(others, numbers, pairs.triplet)
    keys = negative_keys(numbers, pairs.triplet)
    found = {q: table.questions[table.keys == keys[q]].tolist() for q in (0, 1, 8, 9)}
    assert found == {0: [3, 5], 1: [], 8: [11], 9: []}


PAIRS = generate_pairs(1200)


def splits() -> dict[str, SplitRows]:
    labels = PAIRS.label
    column = np.repeat([0, 1, 2], 400).astype(np.int8)
    return {
        "in_order": in_order(labels, 900, 300, 0.2),
        "connected": connected_groups(duplicate_groups(PAIRS), labels, 200, 0.25),
        "given": given_split(column, labels, 0.2),
    }


@pytest.mark.parametrize("kind", ["in_order", "connected", "given"])
def test_only_training_rows_that_are_no_duplicates_give_negatives(kind: str) -> None:
    rows = splits()[kind]
    assert len(rows.others)
    assert (PAIRS.label[rows.others] == 0).all()
    evaluated = np.concatenate((rows.validation, rows.test))
    assert not np.isin(rows.others, evaluated).any()
    if kind != "connected":
        assert rows.others.max() < evaluated.min()
    else:  # nor do they share a question with what is evaluated
        groups = duplicate_groups(PAIRS).reshape(-1, 2)
        assert not np.isin(groups[rows.others], groups[evaluated]).any()


def test_a_lone_question_that_is_evaluated_gives_no_negative() -> None:
    """Questions without a duplicate stand beside those of all parts, as popular ones do."""
    lone = [f"lone {n % 3}" for n in range(60)]
    first = [f"a {n}" for n in range(60)] * 2
    pairs = make_pairs(first, [f"b {n}" for n in range(60)] + lone, [1] * 60 + [0] * 60)
    groups = duplicate_groups(pairs)
    rows = connected_groups(groups, pairs.label, 30, 0.2)
    ends = groups.reshape(-1, 2)
    evaluated = np.concatenate((rows.validation, rows.test))
    assert not np.isin(ends[rows.others], ends[evaluated]).any()
    beside = np.isin(ends, ends[rows.train]).any(axis=1) & (pairs.label == 0)
    assert np.count_nonzero(beside) > len(rows.others), "else there was nothing to leave out"


def test_a_run_has_its_tables_and_the_words_of_all_training_rows_where_that_is_asked(
    tmp_path: Path,
) -> None:
    store(PAIRS, tmp_path / "set")
    split = {"kind": "in_order", "train_rows": 900, "test_rows": 300}
    usual = load_run_data(tmp_path / "set", tiny_spec(split=split))
    spec = tiny_spec(split=split, vocabulary={"rows": "all"})
    data = load_run_data(tmp_path / "set", spec, given=True)
    assert usual.given is None
    assert data.given is not None
    assert data.vocabulary_size > usual.vocabulary_size
    assert data.fingerprint() != usual.fingerprint()
    rows, numbers = in_order(PAIRS.label, 900, 300, 0.2), text_numbers(PAIRS)
    validation = rows.validation[PAIRS.label[rows.validation] == 0]
    for found, of in ((data.given.train, rows.others), (data.given.validation, validation)):
        expected = negative_table(of, numbers)
        assert found.keys.tolist() == expected.keys.tolist()
        assert found.questions.tolist() == expected.questions.tolist()
