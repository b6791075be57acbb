"""A pretrained encoder trains by the promises of all others, and gives what transformers gives."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from api.runs.model_folder import pack_model
from models.datasets.cache import store
from models.datasets.generated.generator import generate_pairs
from models.files.file_store import SharedDisk
from models.files.run_files import WEIGHTS
from models.pretrained.architectures import ARCHITECTURES, expected_tensors
from models.pretrained.config import read_config
from models.pretrained.folder import take_in
from models.specs.experiment import ExperimentSpec
from worker.attempts.loading import StartFolders, load_run_data
from worker.attempts.results import write_results
from worker.predictions.model import Model
from worker.training.data import PretrainedStart, Questions, RunData, pair_questions
from worker.training.encoders.build import start_encoder
from worker.training.encoders.pretrained import PREFIX, PretrainedTextEncoder
from worker.training.encoders.pretrained_files import read_start
from worker.training.events import Finished, Untrained
from worker.training.loop import Training, train
from worker.training.state import TrainingState

from support.expect import expect
from support.pretrained import config_of, toy_files, weights_of, zipped
from support.training import figures, killed_after_every_step, tiny_spec

transformers = pytest.importorskip("transformers", reason="needs the extra `pretrained`")
PAIRS = generate_pairs(240)
SPLIT = {"kind": "in_order", "train_rows": 200, "test_rows": 40, "validation_fraction": 0.25}


def toy_spec(dropout: float = 0.2, **encoder: Any) -> ExperimentSpec:
    own = {"kind": "pretrained", "model": "toy", "max_tokens": 24, "dropout": dropout, **encoder}
    small = {"batch_size": 8, "steps": 4, "evaluate_every": 2, "validation_pairs": 20}
    return tiny_spec(encoder=own, split=SPLIT, **small)


def stored(folder: Path, kind: str = "bert") -> Path:
    """The folder of a toy that was taken in."""
    folder.mkdir(parents=True)
    content = io.BytesIO(zipped(toy_files(kind)))
    named = folder.with_name(take_in(content, folder, 1 << 20).content_hash)
    return folder.rename(named)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    path = tmp_path_factory.mktemp("toy")
    store(PAIRS, path / "set")
    starts = StartFolders(model=stored(path / "model"))
    return load_run_data(path / "set", toy_spec().for_arm("vanilla"), starts)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_each_architecture_has_the_tensors_that_an_upload_is_checked_for(kind: str) -> None:
    known = read_config(json.dumps(config_of(kind)).encode())
    start = {PREFIX + n: v for n, v in _arrays(kind).items()}
    spec = toy_spec().for_arm("vanilla").encoder
    encoder = PretrainedTextEncoder(spec, json.dumps(known.document).encode(), start)  # type: ignore[arg-type]
    built = {name.removeprefix(PREFIX): tuple(t.shape) for name, t in encoder.state_dict().items()}
    assert built == expected_tensors(known.architecture, known.sizes)


def _arrays(kind: str) -> dict[str, np.ndarray]:
    from safetensors.numpy import load

    return dict(load(weights_of(config_of(kind))))


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_vector_of_a_text_does_not_depend_on_its_batch(kind: str, tmp_path: Path) -> None:
    start = read_start(stored(tmp_path / "model", kind))
    encoder = _encoder(start, toy_spec())
    texts = [[2, 5, 3], [2, *range(4, 20), 3], [2, 3], [2, *([7] * 30), 3], [2, 9, 8, 3]]
    together = encoder.encode(_questions(texts))
    alone = torch.cat([encoder.encode(_questions([text])) for text in texts])
    assert (together - alone).abs().max() < 1e-6
    assert (together.norm(dim=1) - 1).abs().max() < 1e-6
    network = encoder.transformer
    plain = network(input_ids=torch.tensor([texts[1]])).last_hidden_state.mean(dim=1)
    assert (torch.nn.functional.normalize(plain) - together[1]).abs().max() < 1e-6


def _questions(texts: list[list[int]]) -> Questions:
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return Questions(np.concatenate(texts).astype(np.int64), lengths)


def _encoder(start: PretrainedStart, spec: ExperimentSpec) -> PretrainedTextEncoder:
    own = spec.for_arm("vanilla").encoder
    return PretrainedTextEncoder(own, start.config, start.weights)  # type: ignore[arg-type]


def test_a_training_repeats_to_the_bit_however_often_it_is_killed(
    data: RunData, tmp_path: Path
) -> None:
    spec = toy_spec()
    once = figures(list(train(spec, "vanilla", 3, data)))
    torch.manual_seed(99)  # nothing of a training comes from the library's own generator
    assert figures(list(train(spec, "vanilla", 3, data))) == once
    events = killed_after_every_step(spec, "vanilla", 3, data, tmp_path)
    assert figures(events)[1:] == once[1:]
    assert figures(list(train(spec, "vanilla", 4, data)))[3] != once[3]


def test_arms_under_a_seed_see_the_same_batches_and_the_same_dropout(data: RunData) -> None:
    vanilla, modified = (Training(toy_spec(), arm, 3, data, "cpu") for arm in ARMS)
    first, other = vanilla.advance(), modified.advance()
    assert (first.s_ap_mean, first.s_an_mean) == (other.s_ap_mean, other.s_an_mean)
    rows = data.train[:8]
    plain = vanilla.encoder.encode(pair_questions(data, rows))
    assert torch.equal(plain, vanilla.encoder.encode(pair_questions(data, rows)))
    vanilla.encoder.begin_step(3, 2)
    dropped = vanilla.encoder.encode(pair_questions(data, rows))
    assert not torch.allclose(plain, dropped)
    without = Training(toy_spec(dropout=0.0), "vanilla", 3, data, "cpu").advance()
    assert without.s_ap_mean != first.s_ap_mean


ARMS = ("vanilla", "modified")


def test_only_the_last_layers_are_trained_where_that_is_asked(data: RunData) -> None:
    spec = toy_spec(train_layers=1)
    ended = expect(Finished, list(train(spec, "vanilla", 0, data))[-1])
    before = start_encoder(spec.for_arm("vanilla").encoder, data, 0).state_dict()
    moved = {
        name for name, values in ended.weights.items() if not np.array_equal(values, before[name])
    }
    assert moved
    assert all(name.startswith(f"{PREFIX}encoder.layer.1.") for name in moved)


def test_a_model_that_was_replaced_is_other_data(data: RunData, tmp_path: Path) -> None:
    other = read_start(stored(tmp_path / "model", "distilbert"))
    assert replace(data, pretrained=other).fingerprint() != data.fingerprint()


def test_the_downloaded_folder_gives_the_same_vectors_in_transformers(
    data: RunData, tmp_path: Path
) -> None:
    """Mean over tokens, then length 1."""
    ended, folder, packed = downloaded(toy_spec(), data, tmp_path)
    model = transformers.AutoModel.from_pretrained(folder, local_files_only=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    pairs = [("How do I cook rice?", "where does rice grow"), ("a" * 90, "what is the best")]
    vectors = []
    for side in (0, 1):
        texts = [pair[side] for pair in pairs]
        batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        mask = batch["attention_mask"][:, :, None]
        with torch.no_grad():
            outputs = model(**batch).last_hidden_state
        vectors.append(torch.nn.functional.normalize((outputs * mask).sum(1) / mask.sum(1)))
    expected = (vectors[0] * vectors[1]).sum(dim=1).tolist()
    loaded = Model.read(tmp_path / WEIGHTS)
    assert loaded.similarities(pairs) == pytest.approx(expected, abs=1e-6)
    assert loaded.unknown_words(("how ☃ do", "ok")) == ["☃"]
    scores = loaded.similarities(texts_of_tests(data))
    assert scores == pytest.approx(ended.scores.tolist(), abs=1e-6)
    again = take_in(packed, _empty(tmp_path / "again"), 1 << 20)
    assert again.pooling == "mean"


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_the_downloaded_folder_gives_the_same_vectors_in_sentence_transformers(
    kind: str, pooling: str, data: RunData, tmp_path: Path
) -> None:
    library = pytest.importorskip("sentence_transformers", reason="it is not installed")
    own = replace(data, pretrained=read_start(stored(tmp_path / "model", kind)))
    _, folder, _ = downloaded(toy_spec(pooling=pooling), own, tmp_path)
    texts = ["How do I cook rice?", "where does rice grow", "☃", "", "what is the best " * 9]
    expected = library.SentenceTransformer(str(folder), device="cpu").encode(texts)
    loaded = Model.read(tmp_path / WEIGHTS)
    with torch.no_grad():
        found = loaded.encoder.encode(loaded.reader.questions(texts)).numpy()
    assert np.abs(found - expected).max() < 1e-6
    assert np.abs(np.linalg.norm(expected, axis=1) - 1).max() < 1e-6


def downloaded(spec: ExperimentSpec, data: RunData, at: Path) -> tuple[Finished, Path, io.BytesIO]:
    """How a training ended, and its model as it is downloaded: unpacked, and packed."""
    ended = expect(Finished, list(train(spec, "vanilla", 0, data))[-1])
    write_results(SharedDisk(), at, spec.for_arm("vanilla"), data, [], ended)
    packed = io.BytesIO()
    pack_model(at / WEIGHTS, packed)
    folder = at / "downloaded"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)
    packed.seek(0)
    return ended, folder, packed


@pytest.mark.parametrize("train_layers", ["all", 1])
def test_what_a_training_measures_of_the_untouched_model_moves_no_bit(
    data: RunData, train_layers: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = toy_spec(train_layers=train_layers)
    begun, state = Training(spec, "vanilla", 0, data, "cpu"), torch.get_rng_state()
    expected = begun.measure_untrained(begun.encoder)
    begun.advance()
    with begun.with_initial_weights():
        assert begun.measure_untrained(begun.encoder) == expected
    assert (torch.get_rng_state() == state).all()
    whole = list(train(spec, "vanilla", 0, data))
    assert [one for one in whole if isinstance(one, Untrained)] == [expected]
    monkeypatch.setattr(TrainingState, "measures_untrained", False)
    assert figures(list(train(spec, "vanilla", 0, data))) == figures(whole)


def test_before_its_first_evaluation_a_training_measures_the_untouched_model(data: RunData) -> None:
    """The ROC-AUC of plain cosines, by going over all pairs of a duplicate and another."""
    started = next(e for e in train(toy_spec(), "vanilla", 0, data) if isinstance(e, Untrained))
    model = _encoder(expect(PretrainedStart, data.pretrained), toy_spec()).transformer.eval()
    scores = []
    for row in data.test:
        vectors = []
        for question in (2 * row, 2 * row + 1):
            ids = data.ids[data.offsets[question] : data.offsets[question + 1]].astype(np.int64)
            with torch.no_grad():
                outputs = model(input_ids=torch.from_numpy(ids)[None]).last_hidden_state
            vectors.append(outputs[0].mean(dim=0))
        first, second = vectors
        scores.append(float(torch.nn.functional.cosine_similarity(first, second, dim=0)))
    labels = data.labels[data.test]
    won = [
        (a > b) + (a == b) / 2
        for a, is_a in zip(scores, labels, strict=True)
        for b, is_b in zip(scores, labels, strict=True)
        if is_a and not is_b
    ]
    assert started.test.roc_auc == pytest.approx(sum(won) / len(won), abs=1e-9)


def texts_of_tests(data: RunData) -> list[tuple[str, str]]:
    first, second = PAIRS.question1.to_pylist(), PAIRS.question2.to_pylist()
    return [(first[row], second[row]) for row in data.test.tolist()]


def _empty(folder: Path) -> Path:
    folder.mkdir()
    return folder
