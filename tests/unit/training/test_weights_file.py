"""The file of weights is all that a stranger needs: the documented example reads it by itself."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from models.comparison.resampled.stored_sums import ScoreFile, SumsReader, stored_sums
from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.files.file_store import SharedDisk
from models.files.run_files import RESAMPLED, SCORES, WEIGHTS
from worker.attempts.loading import StartFolders, load_run_data, run_words
from worker.attempts.results import write_results
from worker.training.events import Finished
from worker.training.loop import train

from support.project import ROOT
from support.training import tiny_spec
from support.vectors import stored_vectors

PAGE = ROOT / "docs" / "taking_along.md"
EXAMPLE = PAGE.parent / "use_weights.py"
SPLIT = {"kind": "in_order", "train_rows": 400, "test_rows": 60}

PADDED = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8, "padding": "power_of_two"}
SPECS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "bag-lower": {"encoder": {"kind": "bag", "embedding_dim": 8}, "tokenizer": "lower"},
    "gru": {"encoder": {"kind": "gru", "embedding_dim": 8, "hidden_dim": 6}},
    "transformer": {
        "encoder": {"kind": "transformer", "embedding_dim": 8, "heads": 2, "feedforward_dim": 12}
    },
    "vectors": {
        "encoder": {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8, "vectors": "toy"},
        "tokenizer": "lower",
    },
    # padded to the longest of its batch, which a single pair is
    "padded": {"encoder": PADDED, "split": {**SPLIT, "test_rows": 1}},
}

# Asks the documented file, as a module and as the command that it also is. One process for all,
# since importing torch is most of what it costs.
ASK = """
import json, runpy, sys
sys.path.insert(0, sys.argv[1])
from use_weights import Model
pairs = json.load(sys.stdin)
said = {}
for path in sys.argv[2:]:
    model = Model(path)
    said[path] = [model.similarity(*pair) for pair in pairs]
print(json.dumps(said))
sys.argv = ["use_weights.py", path, *pairs[0]]
runpy.run_module("use_weights", run_name="__main__")
assert not {"models", "worker", "api"} & set(sys.modules)
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "rows"
    cache.store(generate_pairs(460, 0), folder)
    every = cache.open_tokens(folder, "lower").vocabulary
    own = {word: [len(word) / 8 - place for place in range(8)] for word in every[::2]}
    stored_vectors(own, folder.parent).rename(folder.parent / "vectors")
    return folder


def trained(dataset: Path, folder: Path, **changes: Any) -> tuple[Finished, str]:
    """Carry a tiny run out to its files; its last event, and the hash that would be stored."""
    spec = tiny_spec(**{"split": SPLIT, **changes})
    data = load_run_data(dataset, spec, StartFolders(vectors=dataset.parent / "vectors"))
    *_, end = train(spec, "vanilla", 0, data)
    assert isinstance(end, Finished)
    return end, write_results(SharedDisk(), folder, spec, data, run_words(dataset, spec, data), end)


def test_the_documented_example_gives_the_stored_test_scores_without_this_project(
    dataset: Path, tmp_path: Path
) -> None:
    ends = {name: trained(dataset, tmp_path / name, **spec)[0] for name, spec in SPECS.items()}
    paths = [str(tmp_path / name / WEIGHTS) for name in SPECS]
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", ASK, str(EXAMPLE.parent), *paths],
        input=json.dumps(cache.open_texts(dataset).rows(list(range(400, 460)))),
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    said = dict(zip(SPECS, json.loads(first).values(), strict=True))
    for name, end in ends.items():
        count = len(end.scores)
        np.testing.assert_allclose(said[name][:count], end.scores, rtol=0, atol=1e-5, err_msg=name)
    assert np.ptp(ends["lstm"].scores) > 0.1, "scores that are all alike would prove nothing"
    called = "duplicate" if ends["padded"].scores[0] > np.float32(0.7) else "different"
    assert last == f"{said['padded'][0]:.4f} {called}"


def test_the_ten_lines_of_the_docs_give_the_stored_test_scores(
    dataset: Path, tmp_path: Path
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (lines,) = [block for block in blocks if "safe_open" in block]
    end, _ = trained(dataset, tmp_path)
    pairs = cache.open_texts(dataset).rows(list(range(400, 460)))
    ask = f"{lines}\nprint([float(vector(a) @ vector(b)) for a, b in {pairs!r}])"
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", ask],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    np.testing.assert_allclose(said, end.scores, rtol=0, atol=1e-5)
    assert done.stderr == "", "a reader would wonder what it warns about"
    body = lines.split("\n\n", 1)[1].split("similarity = ")[0]
    assert len([line for line in body.splitlines() if line]) == 10


def test_the_vocabulary_has_a_word_for_each_row_of_the_embedding_but_two(
    dataset: Path, tmp_path: Path
) -> None:
    trained(dataset, tmp_path, vocabulary={"min_count": 2})
    spec = tiny_spec(split=SPLIT, vocabulary={"min_count": 2})
    data = load_run_data(dataset, spec)
    with safe_open(tmp_path / WEIGHTS, "numpy") as file:
        words = bytes(file.get_tensor("vocabulary")).decode().split("\n")
        rows = file.get_slice("embedding").get_shape()[0]
    assert len(words) == len(set(words)) == rows - 2 == data.vocabulary_size - 2
    tokens = cache.open_tokens(dataset, "word")
    known = [tokens.vocabulary.index(word) for word in words]
    assert data.remap[known].tolist() == list(range(2, rows))


def test_equal_runs_have_equal_files_and_the_hash_is_of_the_whole_file(
    dataset: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    hashes = {trained(dataset, folder)[1] for folder in (first, second)}
    for name in (WEIGHTS, SCORES):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    command = ["sha256sum", str(first / WEIGHTS)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert hashes == {said.split()[0]}


def test_weights_that_lie_otherwise_in_memory_are_saved_with_their_values(
    dataset: Path, tmp_path: Path
) -> None:
    end, _ = trained(dataset, tmp_path / "run")
    turned = {name: np.asfortranarray(tensor) for name, tensor in end.weights.items()}
    assert not all(tensor.flags.c_contiguous for tensor in turned.values())
    spec = tiny_spec(split=SPLIT)
    data = load_run_data(dataset, spec)
    words = run_words(dataset, spec, data)
    write_results(
        SharedDisk(), tmp_path / "turned", spec, data, words, replace(end, weights=turned)
    )
    written = [(tmp_path / folder / WEIGHTS).read_bytes() for folder in ("run", "turned")]
    assert written[0] == written[1]


def test_the_sums_of_a_run_are_kept_as_whoever_compares_it_would_work_them_out(
    dataset: Path, tmp_path: Path
) -> None:
    end, _ = trained(dataset, tmp_path)
    called = float((end.scores > np.float32(end.threshold)).mean())
    kept = stored_sums(ScoreFile(tmp_path, called))
    assert kept is not None
    as_written = (tmp_path / RESAMPLED).read_bytes()
    (tmp_path / RESAMPLED).unlink()
    SumsReader([ScoreFile(tmp_path, called)]).read([ScoreFile(tmp_path, called)])
    assert (tmp_path / RESAMPLED).read_bytes() == as_written
