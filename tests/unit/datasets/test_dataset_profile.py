"""What the profile says of leaks and false negatives, against counting by hand and by search."""

from pathlib import Path

import numpy as np

from models.datasets.cache import open_groups, open_tokens, store
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, make_pairs
from models.datasets.profile import Profile, profile


def profile_of(pairs: Pairs, folder: Path) -> Profile:
    store(pairs, folder)
    return profile(pairs, open_tokens(folder, "word", pairs), open_groups(folder, pairs))


def test_groups_and_false_negatives_are_counted(tmp_path: Path) -> None:
    first = ["a", "b", "a", "x", "y", "same"]
    second = ["b", "c", "c", "y", "a", "same"]
    found = profile_of(make_pairs(first, second, [1, 1, 0, 1, 0, 0]), tmp_path / "set")
    assert found.duplicate_groups == 2  # a-b-c and x-y; "same" stands alone
    assert found.largest_group == 3
    assert found.false_negatives == 2  # a-c, joined by way of b, and "same" with itself


def test_a_test_pair_is_shared_when_a_training_duplicate_has_one_of_its_questions(
    tmp_path: Path,
) -> None:
    """15 rows: 12 train and 3 are tested, as in a spec that says nothing of the split."""
    first = [f"f{number}" for number in range(15)]
    second = [f"s{number}" for number in range(15)]
    labels = [1] * 11 + [0, 1, 1, 1]
    first[12], second[13], second[14] = "s7", "f11", "s13"  # of a duplicate; of none; of the test
    found = profile_of(make_pairs(first, second, labels), tmp_path / "set")
    assert (found.in_order_test, found.in_order_shared) == (3, 1)


def test_the_generated_data_sets_shared_pairs_are_those_of_a_search(tmp_path: Path) -> None:
    pairs = generate_pairs(3000)
    found = profile_of(pairs, tmp_path / "set")
    cut = 2400
    first, second = pairs.question1.to_pylist(), pairs.question2.to_pylist()
    trained = {t for row in np.flatnonzero(pairs.label[:cut]) for t in (first[row], second[row])}
    shared = sum(first[row] in trained or second[row] in trained for row in range(cut, 3000))
    assert (found.in_order_test, found.in_order_shared) == (3000 - cut, shared)
    assert 0 < shared < 3000 - cut


def test_a_data_set_of_one_row_has_a_profile(tmp_path: Path) -> None:
    found = profile_of(make_pairs(["a"], ["b"], [1]), tmp_path / "set")
    assert (found.in_order_test, found.in_order_shared) == (1, 0)
    assert (found.duplicate_groups, found.largest_group) == (1, 2)
