"""Files of a stored data set that were torn or changed: made again, or told; never trained on."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from models.datasets.cache import (
    PAIRS,
    is_whole,
    load,
    open_groups,
    open_labels,
    open_split,
    open_text_numbers,
    open_texts,
    open_tokens,
    store,
)
from models.datasets.generated.generator import generate_pairs
from models.datasets.pairs import Pairs, content_hash, make_pairs
from models.datasets.tokenizer import version_of
from models.errors import DamagedDataset
from models.files.recorded_hashes import RECORD

TOKENS = f"tokens-word-{version_of('word')}"
DERIVED = (
    "labels.npy",
    "split.npy",
    f"{TOKENS}/ids.npy",
    f"{TOKENS}/offsets.npy",
    f"{TOKENS}/vocabulary.txt",
    "groups/groups.npy",
    "texts/texts.npy",
)
Spoil = Callable[[Path], None]


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    made = generate_pairs(600)
    split = (np.arange(600) % 3).astype(np.int8)
    return make_pairs(made.question1.to_pylist(), made.question2.to_pylist(), made.label, split)


@pytest.fixture
def folder(pairs: Pairs, tmp_path: Path) -> Path:
    store(pairs, tmp_path / "set")
    contents(tmp_path / "set")
    return tmp_path / "set"


def contents(folder: Path) -> dict[str, Any]:
    """All that a run is trained on, by what reads it."""
    tokens, split = open_tokens(folder, "word"), open_split(folder)
    return {
        "labels": open_labels(folder).tolist(),
        "split": None if split is None else split.tolist(),
        "ids": tokens.ids.tolist(),
        "offsets": tokens.offsets.tolist(),
        "vocabulary": tokens.vocabulary,
        "groups": open_groups(folder).tolist(),
        "texts": open_text_numbers(folder).tolist(),
    }


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def change_one_byte(path: Path) -> None:
    """The last one: of an array it is a number, so nothing but a hash would notice."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("spoil", [halve, change_one_byte, empty, remove])
@pytest.mark.parametrize("name", DERIVED)
def test_a_derived_file_that_is_not_what_was_written_is_made_again(
    folder: Path, name: str, spoil: Spoil
) -> None:
    expected, bytes_before = contents(folder), (folder / name).read_bytes()
    spoil(folder / name)
    assert contents(folder) == expected
    assert (folder / name).read_bytes() == bytes_before
    assert not list(folder.rglob(".*"))


def test_who_has_mapped_a_file_keeps_it_while_it_is_made_again(folder: Path) -> None:
    mapped = open_tokens(folder, "word").ids
    before = mapped.tolist()
    (folder / TOKENS / "vocabulary.txt").unlink()
    open_tokens(folder, "word")
    assert mapped.tolist() == before


@pytest.mark.parametrize("spoil", [halve, change_one_byte, empty, remove])
def test_rows_that_are_not_what_was_written_are_told_until_they_are_stored_again(
    folder: Path, pairs: Pairs, spoil: Spoil
) -> None:
    expected = contents(folder)
    spoil(folder / PAIRS)
    assert not is_whole(folder)
    readers: list[Callable[[Path], object]] = [load, lambda path: open_texts(path).rows([3])]
    for read in readers:
        with pytest.raises(DamagedDataset, match=r"file pairs\.parquet .*upload the same file"):
            read(folder)
    assert contents(folder) == expected  # which needs no rows while the other files are whole
    shutil.rmtree(folder / "groups")
    with pytest.raises(DamagedDataset):
        open_groups(folder)
    store(pairs, folder)
    assert is_whole(folder)
    assert contents(folder) == expected
    assert content_hash(load(folder)) == content_hash(pairs)


def test_files_are_read_through_once_and_again_only_when_they_are_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents(folder)
    read: list[str] = []
    real = hashlib.file_digest

    def noted(file: Any, name: str) -> Any:
        read.append(Path(file.name).name)
        return real(file, name)

    monkeypatch.setattr(hashlib, "file_digest", noted)
    contents(folder)
    assert read == []
    change_one_byte(folder / "labels.npy")
    for _ in range(3):
        open_labels(folder)
    assert read.count("labels.npy") == 2  # the changed one, and the new one
    assert "ids.npy" not in read


def without_records(folder: Path) -> None:
    """As the first versions left it: no hashes, and the rows without their labels and split."""
    for record in folder.rglob(RECORD):
        record.unlink()
    texts = pq.read_table(folder / PAIRS, columns=["question1", "question2"])
    pq.write_table(texts, folder / PAIRS, compression="zstd", row_group_size=16_384)


def test_a_data_set_of_before_goes_on_as_it_is(folder: Path) -> None:
    expected, texts = contents(folder), open_texts(folder).rows([5, 599])
    without_records(folder)
    before = {path: path.stat().st_ino for path in folder.rglob("*")}
    assert contents(folder) == expected
    assert open_texts(folder).rows([5, 599]) == texts
    assert {path: path.stat().st_ino for path in folder.rglob("*")} == before


@pytest.mark.parametrize("name", DERIVED[2:])
def test_a_torn_file_of_before_is_made_again_too(folder: Path, name: str) -> None:
    expected = contents(folder)
    without_records(folder)
    halve(folder / name)
    assert contents(folder) == expected


@pytest.mark.parametrize("name", ["labels.npy", "split.npy", PAIRS])
def test_what_only_its_sender_has_is_told_of_before_too_and_healed_by_an_upload(
    folder: Path, pairs: Pairs, name: str
) -> None:
    expected = contents(folder)
    without_records(folder)
    halve(folder / name)
    with pytest.raises(DamagedDataset, match=name):
        load(folder)
    store(pairs, folder)
    tokens = open_tokens(folder, "word", pairs)  # as an upload does
    assert tokens.vocabulary == expected["vocabulary"]
    assert contents(folder) == expected
    assert (folder / TOKENS / RECORD).exists()


def test_labels_that_are_fewer_than_the_rows_are_damage(folder: Path) -> None:
    without_records(folder)
    np.save(folder / "labels.npy", np.zeros(7, dtype=np.int8))
    with pytest.raises(DamagedDataset, match=r"labels\.npy"):
        load(folder)
