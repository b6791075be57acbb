"""The generated data set: the same bytes everywhere, and hard where the service needs it hard."""

import numpy as np
import pytest

from models.datasets.generated.generator import (
    FAMILY_SLOTS,
    SLOT_NAME,
    STYLES,
    Style,
    generate_pairs,
)
from models.datasets.generated.phrases import FAMILIES
from models.datasets.generated.slots import SLOTS
from models.datasets.pairs import Pairs, content_hash
from models.datasets.tokenstream import token_stream

PINNED = "c4ea9e384c99946f1042f9cd73ce75f577cbd21603ead46b84f7fc3b2e3ddb92"


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return generate_pairs()


def test_the_bytes_are_pinned(pairs: Pairs) -> None:
    assert content_hash(pairs) == PINNED


def test_a_seed_gives_other_pairs_and_the_same_seed_the_same() -> None:
    hashes = [content_hash(generate_pairs(500, seed)) for seed in (0, 1, 1)]
    assert hashes[0] != hashes[1] == hashes[2]


def test_fewer_rows_are_the_first_of_more() -> None:
    assert generate_pairs(300).question1.equals(generate_pairs(500).question1[:300])


def shared_words(pairs: Pairs) -> float:
    """How much of their words the two questions of a non-duplicate share, on average."""
    sides = (side.to_pylist() for side in (pairs.question1, pairs.question2))
    sets = [[set(text.lower().split()) for text in side] for side in sides]
    shares = [len(a & b) / len(a | b) for a, b in zip(*sets, strict=True)]
    return float(np.mean(np.array(shares)[pairs.label == 0]))


def test_styles_differ_in_what_their_names_say() -> None:
    made = {name: generate_pairs(1500, 1, style) for name, style in STYLES.items()}
    shared = {name: shared_words(pairs) for name, pairs in made.items()}
    assert shared["easy"] < shared["usual"] - 0.1 < shared["usual"] < shared["close"]
    marks = {
        name: np.mean([text.endswith("?") for text in pairs.question1.to_pylist()])
        for name, pairs in made.items()
    }
    assert marks["typed"] < marks["usual"] - 0.2
    # the same draws, so that a label differs only where it is wrong in one of them
    right = generate_pairs(1500, 1, Style(wrong_labels=0.0))
    assert 0.09 < np.mean(made["doubtful"].label != right.label) < 0.15
    assert len({content_hash(pairs) for pairs in made.values()}) == len(STYLES)


def test_it_has_the_size_share_and_lengths_of_a_small_quora(pairs: Pairs) -> None:
    lengths = np.diff(token_stream(pairs, "word").offsets)
    assert len(pairs) == 24_000
    assert 0.36 < pairs.label.mean() < 0.39
    assert 8 < lengths.mean() < 14
    assert lengths.min() >= 3


def test_the_order_has_no_pattern(pairs: Pairs) -> None:
    shares = [part.mean() for part in np.array_split(pairs.label, 8)]
    assert max(shares) - min(shares) < 0.05


def test_no_pair_repeats_in_either_order_and_none_is_one_text_twice(pairs: Pairs) -> None:
    rows = zip(pairs.question1.to_pylist(), pairs.question2.to_pylist(), strict=True)
    keys = [tuple(sorted(row)) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(one != other for one, other in keys)
    assert not any("{" in one for one, _ in keys)


def test_every_wording_of_a_family_has_the_same_slots() -> None:
    for family, slots in zip(FAMILIES, FAMILY_SLOTS, strict=True):
        assert len(family) >= 2
        for intent in family:
            assert len(intent) >= 2
            for wording in intent:
                assert sorted(SLOT_NAME.findall(wording)) == sorted(slots)
    for values in SLOTS.values():
        names = [name for value in values for name in value]
        assert len(set(names)) == len(names)


def test_a_batch_of_duplicates_holds_negatives_harder_than_the_positive(pairs: Pairs) -> None:
    """With random word vectors, as at the first step: most rows meet one, as the mask needs."""
    stream = token_stream(pairs, "word")
    vectors = np.random.default_rng(0).normal(size=(len(stream.vocabulary), 64))
    batch = np.flatnonzero(pairs.label == 1)[:256]
    starts, ends = stream.offsets[:-1], stream.offsets[1:]
    sides = []
    for side in (0, 1):
        numbers = 2 * batch + side
        means = [vectors[stream.ids[starts[n] : ends[n]]].mean(axis=0) for n in numbers]
        sides.append(np.array([mean / np.linalg.norm(mean) for mean in means]))
    scores = sides[0] @ sides[1].T
    positive = np.diag(scores).copy()
    np.fill_diagonal(scores, -1)
    assert (scores.max(axis=1) > positive).mean() > 0.5


def test_words_in_common_do_not_give_the_label_away(pairs: Pairs) -> None:
    first = [set(text.lower().split()) for text in pairs.question1.to_pylist()]
    second = [set(text.lower().split()) for text in pairs.question2.to_pylist()]
    overlap = np.array([len(a & b) / len(a | b) for a, b in zip(first, second, strict=True)])
    best = max(((overlap > cut) == pairs.label).mean() for cut in np.linspace(0, 1, 41))
    assert best < 0.7


@pytest.mark.parametrize("rows", [0, 200_001])
def test_a_number_of_rows_it_cannot_make_is_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 200,000"):
        generate_pairs(rows)
