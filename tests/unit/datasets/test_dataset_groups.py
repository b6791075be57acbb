"""Duplicate groups and the split by them, against searches that a reader can check."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.datasets.cache import open_groups, store
from models.datasets.connected import connected_groups
from models.datasets.errors import SplitError
from models.datasets.generated.generator import generate_pairs
from models.datasets.groups import duplicate_groups
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.splits import SplitRows
from models.files.atomic import new_folder
from models.files.recorded_hashes import record_hashes

Row = tuple[str, str, int]


@st.composite
def small_graphs(draw: st.DrawFn) -> list[Row]:
    """Rows over few or many questions, so that groups melt together or stay apart; with some
    that touch no other, so that most of these graphs can be split."""
    texts = draw(st.sampled_from([4, 15, 40]))
    codes = draw(st.lists(st.integers(0, 3 * texts * texts - 1), max_size=40))
    drawn = [(str(c // 3 // texts), str(c // 3 % texts), int(c % 3 == 0)) for c in codes]
    apart = [(f"x{number}", f"y{number}", int(number % 3 == 0)) for number in range(18)]
    return drawn + apart


def as_pairs(rows: list[Row]) -> Pairs:
    first, second, labels = zip(*rows, strict=True)
    return make_pairs(list(first), list(second), list(labels))


def reachable(rows: list[Row], start: set[str]) -> set[str]:
    """`start`, and all texts that duplicate links lead to from there: one link after the other."""
    found = set(start)
    while True:
        more = {t for a, b, label in rows if label and {a, b} & found for t in (a, b)} - found
        if not more:
            return found
        found |= more


def texts_of(rows: list[Row], numbers: np.ndarray) -> set[str]:
    return {text for number in numbers for text in rows[number][:2]}


def split_of(rows: list[Row], test_rows: int, fraction: float) -> SplitRows:
    pairs = as_pairs(rows)
    return connected_groups(duplicate_groups(pairs), pairs.label, test_rows, fraction)


@given(small_graphs())
def test_two_questions_are_in_one_group_when_links_lead_from_one_to_the_other(
    rows: list[Row],
) -> None:
    groups = duplicate_groups(as_pairs(rows))
    questions = [text for first, second, _ in rows for text in (first, second)]
    for number, text in enumerate(questions):
        same = {questions[other] for other in np.flatnonzero(groups == groups[number])}
        assert same == reachable(rows, {text})
    _, first_seen = np.unique(groups, return_index=True)
    assert (np.diff(first_seen) > 0).all()  # numbered as they come


@given(rows=small_graphs(), share=st.floats(0.05, 0.6), fraction=st.floats(0.1, 0.7))
@settings(max_examples=150)
def test_nothing_joined_to_a_test_question_is_trained_or_validated_on(
    rows: list[Row], share: float, fraction: float
) -> None:
    try:
        split = split_of(rows, max(1, int(share * len(rows))), fraction)
    except SplitError:
        return
    tested = reachable(rows, texts_of(rows, split.test))
    validated = reachable(rows, texts_of(rows, split.validation))
    trained = texts_of(rows, split.train)
    assert not tested & trained
    assert not tested & texts_of(rows, split.validation)
    assert not validated & trained


@given(rows=small_graphs(), share=st.floats(0.05, 0.6), fraction=st.floats(0.1, 0.7))
@settings(max_examples=150)
def test_no_duplicate_is_lost_and_each_pair_left_out_joins_two_parts(
    rows: list[Row], share: float, fraction: float
) -> None:
    test_rows = max(1, int(share * len(rows)))
    try:
        split = split_of(rows, test_rows, fraction)
    except SplitError:
        return
    labels = np.array([label for _, _, label in rows])
    used = np.concatenate((split.train, split.validation, split.test))
    assert len(set(used)) == len(used) <= len(rows)
    assert set(np.flatnonzero(labels == 1)) <= set(used)
    assert set(split.validation[labels[split.validation] == 1]) == set(split.validation_duplicates)
    assert len(split.test) <= test_rows
    parts = [texts_of(rows, part) for part in (split.train, split.validation, split.test)]
    straddling = [
        {first, second}
        for number, (first, second, label) in enumerate(rows)
        if not label
        and number not in set(used)
        and len({k for k, part in enumerate(parts) for t in (first, second) if t in part}) > 1
    ]
    # a question of a pair kept back only to keep the share of labels may stand in two parts too
    assert split.left_out <= len(straddling)


NAMED = re.compile(r"test_rows of ([\d,]+) works")


@st.composite
def woven_graphs(draw: st.DrawFn) -> list[Row]:
    """Pairs of duplicates, and pairs that are none between their questions at random: the more of
    them, the fewer lie inside one part."""
    count, others = draw(st.integers(20, 60)), draw(st.integers(40, 200))
    mix = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = [(f"a{n}", f"b{n}", 1) for n in range(count)]
    return rows + [(f"a{x}", f"b{y}", 0) for x, y in mix.integers(0, count, (others, 2))]


@given(rows=woven_graphs(), share=st.floats(0.2, 0.8))
def test_a_size_that_a_refusal_names_works(rows: list[Row], share: float) -> None:
    try:
        split_of(rows, int(share * len(rows)), 0.25)
    except SplitError as refused:
        if named := NAMED.search(refused.message):
            size = int(named[1].replace(",", ""))
            split = split_of(rows, size, 0.25)
            assert 1 <= len(split.test) <= size


def test_a_test_part_that_is_too_large_is_refused_with_a_size_that_works() -> None:
    mix = np.random.default_rng(3)
    rows = [(f"a{n}", f"b{n}", 1) for n in range(400)]
    rows += [(f"a{x}", f"b{y}", 0) for x, y in mix.integers(0, 400, (900, 2))]
    rows += [(f"x{n}", f"y{n}", 0) for n in range(300)]
    with pytest.raises(SplitError, match=NAMED) as refused:
        split_of(rows, 900, 0.2)
    assert refused.value.field == "test_rows"
    named = NAMED.search(refused.value.message)
    assert named
    size = int(named[1].replace(",", ""))
    assert size < 900
    assert len(split_of(rows, size, 0.2).test) == pytest.approx(size, abs=4)


def test_a_pair_that_joins_two_parts_is_left_out_and_counted() -> None:
    """Every two of 40 pairs of duplicates are joined by a pair that is none, and there are others
    between questions that no duplicate pair has."""
    duplicates = [(f"a{n}", f"b{n}", 1) for n in range(40)]
    joining = [(f"a{n}", f"b{(n + 1) % 40}", 0) for n in range(40)]
    lone = [(f"x{n}", f"y{n}", 0) for n in range(40)]
    rows = duplicates + joining + lone
    split = split_of(rows, 30, 0.25)
    part = np.full(40, -1)
    for code, numbers in enumerate((split.train, split.validation_duplicates, split.test)):
        part[numbers[numbers < 40]] = code
    assert split.left_out == sum(part[n] != part[(n + 1) % 40] for n in range(40))
    assert not {40 + n for n in range(40) if part[n] != part[(n + 1) % 40]} & set(split.test)


def test_the_test_part_has_the_rows_asked_for_and_the_share_of_all() -> None:
    pairs = generate_pairs(4000)
    split = connected_groups(duplicate_groups(pairs), pairs.label, 500, 0.2)
    share = pairs.label.mean()
    assert len(split.test) == 500
    assert pairs.label[split.test].mean() == pytest.approx(share, abs=0.5 / 500)
    assert pairs.label[split.validation].mean() == pytest.approx(share, abs=0.01)
    left = int(pairs.label.sum()) - int(pairs.label[split.test].sum())
    assert len(split.validation_duplicates) == pytest.approx(0.2 * left, abs=1)
    assert len(split.train) + len(split.validation_duplicates) == left


def test_the_parts_come_from_all_over_the_file_and_are_always_the_same() -> None:
    pairs = generate_pairs(4000)
    groups = duplicate_groups(pairs)
    split, again = (connected_groups(groups, pairs.label, 500, 0.2) for _ in range(2))
    for rows in (split.train, split.validation, split.test):
        assert (np.histogram(rows, bins=4, range=(0, 4000))[0] > len(rows) / 8).all()
    assert (split.test == again.test).all()
    assert (split.validation == again.validation).all()


@pytest.mark.parametrize(
    ("rows", "test_rows", "fraction", "field", "words"),
    [
        ([("a", "b", 0)] * 4, 2, 0.5, "split", "nothing to train on"),
        ([("a", "b", 1)] * 4, 4, 0.5, "test_rows", "below the 4 rows"),
        ([("a", "b", 1)] * 4, 0, 0.5, "test_rows", "at least 1"),
        ([("a", "b", 1)] * 4, 2, 0.5, "test_rows", "the largest has 4 pairs"),
        ([("a", "b", 1), ("c", "d", 1)], 1, 0.5, "validation_fraction", "left for training"),
        ([(str(n), "b" * n, 1) for n in range(4)] * 2, 2, 0.1, "validation_fraction", "validation"),
        ([("a", "b", 1)] + [("c", "d", 0)] * 99, 2, 0.5, "test_rows", "take at least 100"),
        ([("a", "b", 1), ("c", "d", 1), ("a", "d", 0)], 1, 1.0, "validation_fraction", "between"),
        (
            [("a", "b", 1), ("c", "d", 1), ("e", "f", 1), ("a", "c", 0), ("a", "e", 0)]
            + [("c", "e", 0)],
            2,
            0.5,
            "test_rows",
            "Only 0 pairs that are not duplicates",
        ),
    ],
)
def test_a_split_that_the_groups_cannot_give_names_the_field(
    rows: list[Row], test_rows: int, fraction: float, field: str, words: str
) -> None:
    with pytest.raises(SplitError, match=words) as caught:
        split_of(rows, test_rows, fraction)
    assert caught.value.field == field


def test_groups_are_made_once_and_also_for_a_folder_from_before_there_were_any(
    tmp_path: Path,
) -> None:
    pairs = make_pairs(["a", "b", "x"], ["b", "c", "a"], [1, 1, 0])
    store(pairs, tmp_path / "set")
    assert not (tmp_path / "set" / "groups").exists()
    groups = open_groups(tmp_path / "set")
    assert groups.tolist() == [0, 0, 0, 0, 1, 0]
    assert not groups.flags.writeable
    made = (tmp_path / "set" / "groups" / "groups.npy").stat().st_ino
    open_groups(tmp_path / "set", pairs)
    assert (tmp_path / "set" / "groups" / "groups.npy").stat().st_ino == made
    assert not list((tmp_path / "set").glob(".*"))


EMPTY = make_pairs(["a", "b", "c", "", "d"], ["", "", " ", "", "e"], [1, 1, 1, 0, 1])


def test_empty_texts_join_no_questions(tmp_path: Path) -> None:
    groups = duplicate_groups(EMPTY).reshape(-1, 2)
    assert groups.tolist() == [[0, 0], [1, 1], [2, 2], [3, 4], [5, 5]]
    store(EMPTY, tmp_path / "set")
    assert open_groups(tmp_path / "set").tolist() == groups.ravel().tolist()
    assert open_groups(tmp_path / "set", EMPTY).tolist() == groups.ravel().tolist()


def test_a_data_set_in_which_empty_texts_joined_groups_keeps_these(tmp_path: Path) -> None:
    joined = duplicate_groups(EMPTY, empty_texts_join=True)
    assert joined.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 2, 2]
    store(EMPTY, tmp_path / "set")
    with new_folder(tmp_path / "set" / "groups") as before:
        np.save(before / "groups.npy", joined)
        record_hashes(before)
    assert open_groups(tmp_path / "set").tolist() == joined.tolist()
    (tmp_path / "set" / "groups" / "groups.npy").write_bytes(b"torn")
    assert open_groups(tmp_path / "set").tolist() == joined.tolist()  # made again as it was
