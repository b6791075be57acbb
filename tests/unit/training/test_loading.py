"""What a run trains on is what was checked when its experiment was taken, also on old folders."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from models.datasets.cache import store
from models.datasets.connected import connected_groups
from models.datasets.generated.generator import generate_pairs
from models.datasets.groups import duplicate_groups
from models.datasets.split_rows import split_rows
from models.specs.experiment import ExperimentSpec
from worker.attempts.loading import load_run_data
from worker.training.data import pair_questions

from support.training import tiny_spec

PAIRS = generate_pairs(1200)
CONNECTED = {"kind": "connected_groups", "test_rows": 200, "validation_fraction": 0.25}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("datasets") / "set"
    store(PAIRS, path)
    return path


def spec_of(split: dict[str, object]) -> ExperimentSpec:
    return tiny_spec(split=split)


def test_a_run_of_connected_groups_has_the_rows_of_that_split(folder: Path) -> None:
    spec = spec_of(CONNECTED)
    groups = duplicate_groups(PAIRS)
    wanted = connected_groups(groups, PAIRS.label, 200, 0.25)
    data, planned = load_run_data(folder, spec), split_rows(folder, spec.split)
    for part in ("train", "validation_duplicates", "validation", "test"):
        assert getattr(data, part).tolist() == getattr(wanted, part).tolist()
        assert getattr(planned, part).tolist() == getattr(wanted, part).tolist()
    assert planned.left_out == wanted.left_out
    assert data.groups.tolist() == groups.tolist()


def test_a_folder_from_before_there_were_groups_gets_them(folder: Path) -> None:
    split = {"kind": "in_order", "train_rows": 900, "test_rows": 300}
    shutil.rmtree(folder / "groups", ignore_errors=True)
    data = load_run_data(folder, spec_of(split))
    assert (folder / "groups").is_dir()
    duplicates = np.flatnonzero(PAIRS.label)
    assert (data.groups[2 * duplicates] == data.groups[2 * duplicates + 1]).all()
    assert data.test.tolist() == list(range(900, 1200))


def test_texts_are_cut_and_the_vocabulary_is_that_of_whole_texts(folder: Path) -> None:
    split = {"kind": "in_order", "train_rows": 900, "test_rows": 300}
    encoder = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}
    whole = load_run_data(folder, spec_of(split))
    cut = load_run_data(folder, tiny_spec(split=split, encoder={**encoder, "max_tokens": 5}))
    rows = np.arange(len(PAIRS))
    every, short = pair_questions(whole, rows), pair_questions(cut, rows)
    assert short.lengths.tolist() == np.minimum(every.lengths, 5).tolist()
    assert (every.lengths > 5).any()
    ends = np.cumsum(every.lengths)
    beginnings = [
        every.ids[end - length : end][:5] for end, length in zip(ends, every.lengths, strict=True)
    ]
    assert short.ids.tolist() == np.concatenate(beginnings).tolist()
    assert cut.vocabulary_size == whole.vocabulary_size
    assert cut.fingerprint() != whole.fingerprint()
