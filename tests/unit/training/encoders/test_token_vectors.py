"""Embeddings that begin with token vectors: rows of the file, and all others the seed's draw."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.datasets.vocabulary import FIRST_WORD
from models.specs.experiment import ExperimentSpec
from worker.attempts.loading import StartFolders, load_run_data, run_words
from worker.training.data import RunData, VectorStart
from worker.training.encoders import encoder
from worker.training.encoders.build import start_encoder
from worker.training.events import Finished, StepDone
from worker.training.loop import train

from support.stack import trained
from support.training import WORDS, figures, killed_after_every_step, tiny_data, tiny_spec
from support.vectors import stored_vectors

KINDS: dict[str, dict[str, Any]] = {
    "bag": {},
    "lstm": {"hidden_dim": 6},
    "gru": {"hidden_dim": 6},
    "transformer": {"heads": 2, "feedforward_dim": 12, "layers": 1},
}
FOUND = np.arange(FIRST_WORD, WORDS, 2)
OTHERS = np.setdiff1d(np.arange(WORDS), FOUND)
OPTIMIZERS: list[dict[str, Any]] = [
    {"kind": "adam", "lr": 0.01, "weight_shrink": 0.01},
    {"kind": "adamw", "lr": 0.01, "weight_decay": 0.1, "clip": 0.1},
    {"kind": "sgd", "lr": 0.1, "weight_decay": 0.01},
]


def with_vectors(ids: np.ndarray = FOUND, identity: str = "a") -> RunData:
    values = np.random.default_rng(5).normal(size=(len(ids), 8)).astype(np.float32)
    return replace(tiny_data(), vectors=VectorStart(identity, ids, values))


def spec_of(kind: str = "lstm", trained: bool = True, **changes: Any) -> ExperimentSpec:
    own = {"kind": kind, "embedding_dim": 8, **KINDS[kind], "vectors": "toy"}
    return tiny_spec(encoder={**own, "train_vectors": trained}, **changes)


def embedding_after(spec: ExperimentSpec, data: RunData) -> np.ndarray:
    *_, end = train(spec, "modified", 3, data)
    assert isinstance(end, Finished)
    return end.weights["embedding"]


@pytest.mark.parametrize("kind", KINDS)
def test_found_words_begin_with_their_vectors_and_the_others_as_without(kind: str) -> None:
    data, spec = with_vectors(), spec_of(kind).for_arm("modified").encoder
    plain = tiny_spec(encoder={"kind": kind, "embedding_dim": 8, **KINDS[kind]})
    own = start_encoder(spec, data, 3).state_dict()
    drawn = start_encoder(plain.encoder, tiny_data(), 3).state_dict()
    assert own.keys() == drawn.keys()
    assert data.vectors is not None
    assert (own["embedding"].numpy()[FOUND] == data.vectors.values).all()
    assert (own["embedding"].numpy()[OTHERS] == drawn["embedding"].numpy()[OTHERS]).all()
    assert all((own[name] == drawn[name]).all() for name in own.keys() - {"embedding"})


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda one: one["kind"])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_that_are_not_trained_stay_and_all_else_moves(
    kind: str, optimizer: dict[str, Any]
) -> None:
    data = with_vectors()
    assert data.vectors is not None
    held = embedding_after(spec_of(kind, trained=False, optimizer=optimizer, steps=4), data)
    assert (held[FOUND] == data.vectors.values).all()
    before = start_encoder(spec_of(kind).encoder, data, 3).state_dict()["embedding"].numpy()
    read = np.unique(data.remap[data.ids])
    assert (held[np.intersect1d(OTHERS, read)] != before[np.intersect1d(OTHERS, read)]).any(1).all()
    moved = embedding_after(spec_of(kind, optimizer=optimizer, steps=4), data)
    assert (moved[FOUND] != data.vectors.values).any(axis=1).all()


def test_what_is_held_has_no_part_in_the_norm_of_the_gradient() -> None:
    every = np.arange(FIRST_WORD, WORDS)
    spec = spec_of("bag", trained=False, steps=3)
    steps = [e for e in train(spec, "modified", 3, with_vectors(every)) if isinstance(e, StepDone)]
    assert [one.gradient_norm for one in steps] == [0.0] * 3
    half = [e for e in train(spec, "modified", 3, with_vectors()) if isinstance(e, StepDone)]
    whole = spec_of("bag", steps=3)
    free = [e for e in train(whole, "modified", 3, with_vectors()) if isinstance(e, StepDone)]
    assert 0 < half[0].gradient_norm < free[0].gradient_norm


def test_a_step_clips_and_holds_a_sparse_gradient_as_one_with_all_its_zeros(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clip, data = 0.01, with_vectors()
    optimizer = {"kind": "sgd", "lr": 0.5, "momentum": 0.0, "clip": clip}
    spec = spec_of(trained=False, steps=1, optimizer=optimizer)

    def step_and_moves() -> tuple[StepDone, dict[str, np.ndarray]]:
        before = start_encoder(spec.for_arm("modified").encoder, data, 3).state_dict()
        events = list(train(spec, "modified", 3, data))
        (step,) = (one for one in events if isinstance(one, StepDone))
        assert isinstance(events[-1], Finished)
        after = events[-1].weights
        return step, {name: after[name] - before[name].numpy() for name in before}

    sparse, moves = step_and_moves()
    monkeypatch.setattr(encoder, "rows_of", lambda matrix, rows: matrix.index_select(0, rows))
    whole, expected = step_and_moves()
    assert sparse.gradient_norm == pytest.approx(whole.gradient_norm, rel=1e-5)
    assert sparse.gradient_norm > 2 * clip, "so it is clipped"
    for name, move in moves.items():
        assert np.abs(move).max() > 0, name
        assert np.allclose(move, expected[name], atol=1e-7), name
    assert (moves["embedding"][FOUND] == 0).all()
    length = np.sqrt(sum(np.square(move, dtype=np.float64).sum() for move in moves.values()))
    assert length == pytest.approx(sparse.lr * clip, rel=1e-3)


@pytest.mark.parametrize("trained", [True, False])
def test_a_training_that_is_killed_after_every_step_gives_the_same_bits(
    trained: bool, tmp_path: Path
) -> None:
    spec, data = spec_of(trained=trained, steps=4, evaluate_every=2), with_vectors()
    whole = figures(list(train(spec, "modified", 3, data)))
    assert figures(killed_after_every_step(spec, "modified", 3, data, tmp_path)) == whole


def test_a_checkpoint_of_other_vectors_is_not_resumed_from() -> None:
    every = (tiny_data(), with_vectors(), with_vectors(FOUND, "b"))
    assert len({data.fingerprint() for data in every}) == 3


def test_a_stack_holds_the_vectors_of_every_member_and_none_depends_on_another() -> None:
    spec, data = spec_of(trained=False, steps=4), with_vectors()
    assert data.vectors is not None
    told = trained(spec, [("modified", 3), ("vanilla", 4)], data, width=2)
    alone = trained(spec, [("modified", 3)], data, width=2)
    assert figures(told[0]) == figures(alone[0])
    for events in told.values():
        end = events[-1]
        assert isinstance(end, Finished)
        assert (end.weights["embedding"][FOUND] == data.vectors.values).all()
        assert (end.weights["embedding"][OTHERS] != 0).any()
    on_its_own = embedding_after(spec, data)
    end = told[0][-1]
    assert isinstance(end, Finished)
    assert np.allclose(end.weights["embedding"], on_its_own, atol=1e-4)


def test_a_run_reads_the_rows_of_its_words_and_of_no_others(tmp_path: Path) -> None:
    cache.store(generate_pairs(460, 0), tmp_path / "set")
    split = {"kind": "in_order", "train_rows": 400, "test_rows": 60}
    spec = spec_of("bag", split=split, tokenizer="lower")
    words = run_words(tmp_path / "set", spec, load_run_data(tmp_path / "set", plain(spec)))
    vectors = {word: [float(len(word)), *map(float, range(7))] for word in [*words[::3], "Ünused"]}
    folder = stored_vectors(vectors, tmp_path / "vectors")
    data = load_run_data(tmp_path / "set", spec, StartFolders(vectors=folder))
    assert data.vectors is not None
    named = [words[number - FIRST_WORD] for number in data.vectors.ids]
    assert named == words[::3]
    assert data.vectors.values.tolist() == [vectors[word] for word in named]
    assert data.vectors.identity == folder.name
    with pytest.raises(FileNotFoundError, match="vectors 'toy' are not at"):
        load_run_data(tmp_path / "set", spec)
    (folder / "vectors.safetensors").write_bytes(b"half")
    with pytest.raises(OSError, match="is damaged; upload the vectors again"):
        load_run_data(tmp_path / "set", spec, StartFolders(vectors=folder))


def plain(spec: ExperimentSpec) -> ExperimentSpec:
    encoder = spec.encoder.model_copy(update={"vectors": None, "train_vectors": True})
    return spec.model_copy(update={"encoder": encoder})
