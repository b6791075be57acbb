"""A checkpoint of another version or another training is refused, never misread."""

import dataclasses
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from models.specs.base import IDENTITY
from models.specs.experiment import ExperimentSpec
from worker.training.checkpoints import Checkpoints
from worker.training.data import RunData
from worker.training.events import Event, Started
from worker.training.loop import train
from worker.training.state import identity_of

from support.training import figures, tiny_data, tiny_spec

DATA = tiny_data()
OF_THE_FIRST_RELEASE = "37bb79f63907c6371cacab39868d3a89a8f53e21ad10a00041579d628256704f"


def run(
    folder: Path,
    data: RunData = DATA,
    spec: ExperimentSpec | None = None,
    at: Collection[int] = (3, 7),
) -> list[Event]:
    checkpoints = Checkpoints(folder, due=lambda step: step in at)
    return list(train(spec or tiny_spec(), "vanilla", 0, data, checkpoints=checkpoints))


def rewrite(folder: Path, at: int, /, **changes: object) -> None:
    """The manifest as another version would have written it."""
    path = folder / f"step-{at}.json"
    manifest = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({name: one for name, one in manifest.items() if one is not None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"format": 0},
        {"format": None},
        {"identity": OF_THE_FIRST_RELEASE},
        {"identity": None},
        {"step": 9},
        {"sha256": "0" * 64},
        {"sha256": None},
    ],
    ids=str,
)
def test_the_one_before_serves_where_the_newest_is_of_another_version(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    straight = run(tmp_path)
    rewrite(tmp_path, 7, **changes)
    resumed = run(tmp_path)
    assert resumed[0] == Started(3)
    assert figures(resumed)[1:] == figures(straight)[1:]


def test_a_training_begins_anew_where_all_are_of_another_version(tmp_path: Path) -> None:
    straight = run(tmp_path)
    for step in (3, 7):
        rewrite(tmp_path, step, identity=OF_THE_FIRST_RELEASE)
    again = run(tmp_path)
    assert again[0] == Started(0)
    assert figures(again) == figures(straight)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'"a"', b"\xff\xfe", b"null"], ids=repr
)
def test_a_torn_manifest_is_passed_over(tmp_path: Path, content: bytes) -> None:
    run(tmp_path)
    (tmp_path / "step-7.json").write_bytes(content)
    assert run(tmp_path)[0] == Started(3)


def changed(name: str, **values: Any) -> RunData:
    array = getattr(DATA, name).copy()
    array[-1] = values.get("to", array[0])
    return dataclasses.replace(DATA, **{name: array})


@pytest.mark.parametrize(
    "name", ["ids", "remap", "train", "validation_duplicates", "validation", "test", "groups"]
)
def test_a_checkpoint_on_other_data_is_not_used(tmp_path: Path, name: str) -> None:
    """As after a change of the tokenizer, of the split or of the vocabulary."""
    run(tmp_path)
    other = changed(name)
    if name == "test":  # whose rows ascend, each once
        other = dataclasses.replace(DATA, test=DATA.test[1:])
    assert run(tmp_path, other)[0] == Started(0)


def test_the_same_data_read_anew_is_the_same(tmp_path: Path) -> None:
    run(tmp_path)
    assert run(tmp_path, tiny_data())[0] == Started(7)


def test_a_file_of_tensors_without_its_hash_is_not_believed(tmp_path: Path) -> None:
    """The tensors of an older training under the manifest of this one."""
    run(tmp_path)
    path = tmp_path / "step-7.safetensors"
    with safe_open(path, "numpy") as file:
        tensors = {name: file.get_tensor(name) * 0 for name in file.keys()}
    save_file(tensors, path)
    assert run(tmp_path)[0] == Started(3)


def test_fields_of_later_are_in_an_identity_only_where_they_say_something() -> None:
    """So a checkpoint from before there were these fields still holds to its spec."""
    plain = tiny_spec().model_dump_json(context=IDENTITY)
    whole = tiny_spec().model_dump_json()
    later = ('"max_tokens"', '"dropout"', '"clip"', '"rows"')
    assert [name for name in later if name in plain] == []
    assert [name for name in later if name in whole] == list(later)
    encoder = {"kind": "bag", "max_tokens": 9, "dropout": 0.5}
    said = tiny_spec(encoder=encoder, optimizer={"clip": 1.0}, vocabulary={"rows": "all"})
    changed = said.model_dump_json(context=IDENTITY)
    assert [name for name in later if name in changed] == list(later)
    usual, given = (
        identity_of(tiny_spec(negatives={"given": given}), "vanilla", 0, "", "cpu")
        for given in (0, 1)
    )
    assert usual == identity_of(tiny_spec(), "vanilla", 0, "", "cpu") != given
