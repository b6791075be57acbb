"""The real Quora file, where there is one: its known counts, and the time all of it may take."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from models.datasets.cache import open_groups, open_tokens, store
from models.datasets.connected import connected_groups
from models.datasets.groups import duplicate_groups
from models.datasets.pairs import content_hash
from models.datasets.profile import profile
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs
from models.datasets.splits import in_order
from models.datasets.tokenstream import distinct_texts
from models.datasets.vocabulary import build_vocabulary

QUORA_FILE = os.environ.get("TRIPLETLAB_QUORA_FILE", "")
CONTENT_HASH = "411900650db9f19eeba4bfe869842beaa100e5ace55e519fe084eece846e1620"


@pytest.mark.skipif(not QUORA_FILE, reason="TRIPLETLAB_QUORA_FILE names no Quora file")
def test_the_quora_file_has_its_known_counts_and_takes_seconds(tmp_path: Path) -> None:
    path = Path(QUORA_FILE)
    began = time.process_time()
    pairs = read_pairs(path, filename=path.name, columns=ColumnMapping())
    digest = content_hash(pairs)
    store(pairs, tmp_path / "quora")
    tokens = open_tokens(tmp_path / "quora", "word", pairs)
    groups = open_groups(tmp_path / "quora", pairs)
    found = profile(pairs, tokens, groups)
    seconds = time.process_time() - began

    assert digest == CONTENT_HASH
    assert (found.rows, found.duplicates) == (404_001, 149_171)
    assert (found.distinct_texts, found.empty_texts, found.token_length_max) == (537_057, 2, 272)
    assert 12 < found.token_length_mean < 13
    assert (found.duplicate_groups, found.largest_group) == (60_381, 109)
    assert found.false_negatives == 106
    assert (found.in_order_test, found.in_order_shared) == (10_240, 3_407)
    assert seconds < 20

    # The course's copy had 350 rows more, hence its 111,486 (89,188 + 22,298) and 3,858.
    split = in_order(pairs.label, 300_000, 10_240, 0.2)
    assert (len(split.train), len(split.validation_duplicates)) == (89_178, 22_295)
    assert int(pairs.label[split.test].sum()) == 3_856
    both = np.concatenate([split.train, split.validation_duplicates])
    # The course's, by nltk.word_tokenize, was 36,268.
    assert abs(build_vocabulary(tokens, both).size - 36_268) < 1_000


@pytest.mark.skipif(not QUORA_FILE, reason="TRIPLETLAB_QUORA_FILE names no Quora file")
def test_the_quora_pairs_are_split_by_groups_without_a_shared_text() -> None:
    path = Path(QUORA_FILE)
    pairs = read_pairs(path, filename=path.name, columns=ColumnMapping())
    split = connected_groups(duplicate_groups(pairs), pairs.label, 10_240, 0.2)
    _, texts = distinct_texts(pairs)
    texts = texts.reshape(-1, 2)
    trained, validated, tested = (
        set(texts[rows].ravel().tolist()) for rows in (split.train, split.validation, split.test)
    )
    assert not tested & (trained | validated)
    assert not validated & trained
    assert len(split.test) == 10_240
    assert pairs.label[split.test].sum() == 3_781  # the whole file's share, 36.9 %
    assert abs(pairs.label[split.validation].mean() - pairs.label.mean()) < 0.0001
    assert len(split.train) + len(split.validation_duplicates) + 3_781 == 149_171
    assert split.left_out == 1_585
