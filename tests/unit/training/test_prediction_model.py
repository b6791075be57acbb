"""A network read back from its file answers as it did when the run ended."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.tokenizer import PATTERN
from models.files.file_store import SharedDisk
from models.files.run_files import METADATA_KEY, WEIGHTS
from worker.attempts.loading import load_run_data, run_words
from worker.attempts.results import write_results
from worker.predictions.model import PAIRS_AT_ONCE, Model, UnusableWeights
from worker.training.events import Finished
from worker.training.loop import train

from support.expect import expect
from support.training import tiny_spec

TEST = range(400, 500)
LSTM = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}
SPECS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "bag": {"encoder": {"kind": "bag", "embedding_dim": 8}, "tokenizer": "lower"},
    "padded": {"encoder": {**LSTM, "padding": "power_of_two"}},
    "characters": {"tokenizer": "characters"},
    "cut": {"encoder": {**LSTM, "max_tokens": 4}},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "rows"
    cache.store(generate_pairs(500, 0), folder)
    return folder


def written(dataset: Path, folder: Path, **changes: Any) -> tuple[Path, NDArray[np.float32]]:
    """The file of a tiny run, and the test scores it ended with."""
    split = {"kind": "in_order", "train_rows": 400, "test_rows": changes.pop("test_rows", 100)}
    spec = tiny_spec(split=split, **changes)
    data = load_run_data(dataset, spec)
    *_, last = train(spec, "vanilla", 0, data)
    end = expect(Finished, last)
    write_results(SharedDisk(), folder, spec, data, run_words(dataset, spec, data), end)
    return folder / WEIGHTS, end.scores


def texts(dataset: Path, rows: Iterable[int]) -> list[tuple[str, str]]:
    return cache.open_texts(dataset).rows(list(rows))


def test_words_that_training_has_not_seen_are_told_once_each(dataset: Path, tmp_path: Path) -> None:
    path, _ = written(dataset, tmp_path)
    model = Model.read(path)
    (first, second), *_ = texts(dataset, [0])
    assert model.unknown_words((first, second)) == []
    odd = (f"{first} zxcv", f"qwer {second} zxcv")
    assert model.unknown_words(odd) == ["zxcv", "qwer"]
    assert model.unknown_words(("", "")) == []


def test_what_lies_behind_the_cut_is_neither_read_nor_told(dataset: Path, tmp_path: Path) -> None:
    model = Model.read(written(dataset, tmp_path, **SPECS["cut"])[0])
    (pair, *_) = texts(dataset, [0])
    first = " ".join(pair[0].split()[:4])
    longer = f"{first} zxcv"
    assert model.unknown_words((longer, first)) == []
    assert model.similarities([(longer, first)])[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ["lstm", "bag", "characters", "cut"])
def test_answers_are_the_stored_test_scores(dataset: Path, tmp_path: Path, name: str) -> None:
    path, scores = written(dataset, tmp_path, **SPECS[name])
    assert len(TEST) > PAIRS_AT_ONCE
    said = Model.read(path).similarities(texts(dataset, TEST))
    np.testing.assert_allclose(said, scores, rtol=0, atol=1e-6)
    assert np.ptp(scores) > 0.1, "scores that are all alike would prove nothing"


def test_a_padded_pair_is_a_batch_of_its_own(dataset: Path, tmp_path: Path) -> None:
    path, scores = written(dataset, tmp_path, test_rows=1, **SPECS["padded"])
    said = Model.read(path).similarities(texts(dataset, range(400, 420)))
    assert said[0] == pytest.approx(scores[0], abs=1e-6)


@pytest.mark.parametrize("name", SPECS)
def test_what_else_is_asked_moves_an_answer_by_rounding_at_most(
    dataset: Path, tmp_path: Path, name: str
) -> None:
    path, _ = written(dataset, tmp_path, **SPECS[name])
    model, pairs = Model.read(path), texts(dataset, range(400, 410))
    pairs.append(("word " * 40, "another"))
    together, alone = model.similarities(pairs), [model.similarities([pair])[0] for pair in pairs]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-6)


def test_texts_without_a_known_token_have_an_answer(dataset: Path, tmp_path: Path) -> None:
    model = Model.read(written(dataset, tmp_path)[0])
    unknown, empty, same = model.similarities([("", "zzqx"), ("", " "), ("zzqx", "qqqj")])
    assert -1 <= unknown < 0.999999
    assert [empty, same] == pytest.approx([1, 1])


def test_the_threshold_is_the_one_that_the_figures_were_made_with(
    dataset: Path, tmp_path: Path
) -> None:
    path, _ = written(dataset, tmp_path, threshold={"value": 0.3})
    assert Model.read(path).threshold == float(np.float32(0.3))


def test_a_file_of_another_form_is_refused_in_words(tmp_path: Path) -> None:
    old = tmp_path / "old.safetensors"
    about = json.dumps({"format_version": 1, "encoder": {"kind": "lstm"}})
    save_file({"embedding": np.zeros((3, 2), np.float32)}, old, {METADATA_KEY: about})
    with pytest.raises(UnusableWeights, match="of format 1, and this version reads format 2"):
        Model.read(old)
    save_file({"embedding": np.zeros((3, 2), np.float32)}, old)
    with pytest.raises(UnusableWeights, match="of format None"):
        Model.read(old)
    about = json.dumps({"format_version": 3})
    save_file({"embedding": np.zeros((3, 2), np.float32)}, old, {METADATA_KEY: about})
    with pytest.raises(UnusableWeights, match="of format 3.*the version that trained it"):
        Model.read(old)


def rewritten(path: Path, **changes: Any) -> Path:
    """The file with other words about it, as another version would have written it."""
    with safe_open(path, "numpy") as file:
        about = json.loads(file.metadata()[METADATA_KEY])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    save_file(tensors, path, {METADATA_KEY: json.dumps({**about, **changes})})
    return path


def test_an_encoder_of_another_version_is_refused_in_words(dataset: Path, tmp_path: Path) -> None:
    path, _ = written(dataset, tmp_path)
    for encoder in ({"kind": "mamba"}, {**LSTM, "layers": 3}, {"kind": "transformer"}):
        with pytest.raises(UnusableWeights, match="does not know its encoder"):
            Model.read(rewritten(path, encoder=encoder))


def test_texts_come_apart_as_they_did_in_training(dataset: Path, tmp_path: Path) -> None:
    path, _ = written(dataset, tmp_path)
    pairs = texts(dataset, range(400, 402))
    split = [tuple(" ".join(text.replace("?", "")) for text in pair) for pair in pairs]
    by_letter = Model.read(rewritten(path, token_pattern=r"[^\s?]")).similarities(pairs)
    by_word = Model.read(rewritten(path, token_pattern=PATTERN)).similarities(split)
    np.testing.assert_allclose(by_letter, by_word, rtol=0, atol=1e-6)
