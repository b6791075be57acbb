"""A real worker trains from token vectors, to a verdict: killed on the way, reproduced."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from api.dependencies import Service
from api.results.document import results_document
from api.runs.reproduction_report import reproduction_view
from models.datasets import cache
from models.datasets.split_rows import split_rows
from models.datasets.tokenizer import tokenize
from models.datasets.vocabulary import FIRST_WORD, UNKNOWN
from models.errors import Conflict
from models.files.run_files import VOCABULARY, WEIGHTS
from models.specs.experiment import ExperimentSpec
from models.specs.parse import stored_spec
from models.store.reproducing import reproductions
from models.store.tables import Run
from models.store.uploads.token_vectors import VECTORS, add_vectors
from models.vectors.file import take_in
from models.vectors.stored import FILE
from worker.training.encoders.initial import initial_weights

from support.vectors import as_text
from support.workers import Lab, WorkerForTests, kill_attempt, wait_until

Vectors = dict[str, np.ndarray]
WIDTH = 8
BAG: dict[str, Any] = {"kind": "bag", "embedding_dim": WIDTH, "vectors": "toy"}


@pytest.fixture(scope="module")
def worker(embedded_lab: Lab) -> WorkerForTests:
    return embedded_lab.worker()


@pytest.fixture(scope="module")
def vectors(embedded_lab: Lab) -> Vectors:
    """Taken in as `toy`: of every word of the data set but one in four."""
    lab = embedded_lab
    every = cache.open_tokens(lab.dataset_folder, "word").vocabulary
    draw = np.random.default_rng(7)
    known = {
        word: draw.normal(size=WIDTH).round(4).astype(np.float32)
        for number, word in enumerate(every)
        if number % 4
    }
    read = lab.folder / "toy"
    read.mkdir()
    text = as_text({word: [float(f"{one:.4f}") for one in row] for word, row in known.items()})
    path = lab.folder / "toy.txt"
    path.write_bytes(text)
    with path.open("rb") as file:
        profile = take_in(file, read, 1 << 24)
    place = lab.settings.vectors_dir / profile.content_hash
    place.parent.mkdir(exist_ok=True)
    read.rename(place)
    lab.settings.file_store().give_folder(place, last=FILE)
    with lab.database.transaction() as session:
        add_vectors(session, "toy", profile)
    return known


def untrained_roc_auc(lab: Lab, run: Run, spec: ExperimentSpec, vectors: Vectors) -> float:
    """What a bag before its first step has: a word of the run that the file lacks has the embedding
    that was drawn for it, and a word that is unknown to the run that of unknown words."""
    own = spec.for_arm(run.arm).encoder
    file = load_file(lab.settings.run_dir(run.id) / WEIGHTS)
    words = bytes(file[VOCABULARY]).decode().split("\n")
    ids = {word: number for number, word in enumerate(words, FIRST_WORD)}
    drawn = initial_weights(own, len(words) + FIRST_WORD, run.seed)["embedding"]
    return plain_roc_auc(
        lab,
        spec,
        lambda word: (
            vectors[word] if word in ids and word in vectors else drawn[ids.get(word, UNKNOWN)]
        ),
    )


def plain_roc_auc(
    lab: Lab, spec: ExperimentSpec, vector_of: Callable[[str], np.ndarray | None]
) -> float:
    """The share of pairs of test rows, a duplicate and another, that the mean of the words' vectors
    puts in order; text by text, pair by pair."""

    def vector(text: str) -> np.ndarray:
        rows = [row for word in tokenize(text, "word") if (row := vector_of(word)) is not None]
        mean = np.mean(np.array(rows, dtype=np.float64), axis=0)
        unit: np.ndarray = mean / np.linalg.norm(mean)
        return unit

    rows = split_rows(lab.dataset_folder, spec.split).test
    texts, labels = cache.open_texts(lab.dataset_folder), cache.open_labels(lab.dataset_folder)
    scores: dict[int, list[float]] = {0: [], 1: []}
    for row, (first, second) in zip(rows, texts.rows(rows.tolist()), strict=True):
        scores[int(labels[row])].append(float(vector(first) @ vector(second)))
    won = [(high > low) + (high == low) / 2 for high, low in product(scores[1], scores[0])]
    return sum(won) / len(won)


def test_arms_with_and_without_vectors_are_compared_beside_what_the_file_gives_untrained(
    embedded_lab: Lab,
    worker: WorkerForTests,  # noqa: ARG001
    vectors: Vectors,
) -> None:
    lab = embedded_lab
    plain, _ = lab.spec_arms()
    bag = {"kind": "bag", "embedding_dim": WIDTH}
    arms = [{**plain, "name": "drawn"}, {**plain, "name": "toy", "encoder": BAG}]
    made = lab.create(
        encoder=bag, arms=arms, steps=6, evaluate_every=3, seeds={"count": 2},
        decision={"metric": "test.roc_auc"},
    )  # fmt: skip
    done = lab.wait_for_success(*made)
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        results = results_document(session, done[0].experiment_id, service).whole()
        spec = stored_spec(results.spec, results.experiment)
    (judged, *_) = results.comparisons
    assert (judged.a, judged.b, judged.metric) == ("toy", "drawn", "test.roc_auc")
    assert judged.verdict in ("a_better", "b_better", "equivalent", "undecided")
    (covered,) = results.vectors
    assert (covered.arm, covered.vectors) == ("toy", "toy")
    assert 0.5 < covered.share < 1
    for arm in results.arms:
        for run, result in zip([one for one in done if one.arm == arm.name], arm.runs, strict=True):
            assert result.untrained is not None
            known = vectors if arm.name == "toy" else {}
            expected = untrained_roc_auc(lab, run, spec, known)
            assert result.untrained["test.roc_auc"] == pytest.approx(expected, abs=1e-6)
    by_itself = plain_roc_auc(lab, spec, vectors.get)
    assert by_itself != expected
    assert results.baselines.zero_shot is not None
    assert results.baselines.zero_shot.keys() == {"toy"}
    assert results.baselines.zero_shot["toy"] == pytest.approx(by_itself, abs=1e-6)


def test_held_vectors_stay_through_a_kill_and_the_run_is_the_same_again(
    embedded_lab: Lab,
    worker: WorkerForTests,  # noqa: ARG001
    vectors: Vectors,
) -> None:
    lab = embedded_lab
    own = {"kind": "lstm", "embedding_dim": WIDTH, "hidden_dim": 8, "vectors": "toy"}
    encoder = {**own, "train_vectors": False}
    lab.spoiled.stand_still(30)
    run = lab.create_one(encoder=encoder)
    with lab.database.transaction() as session, pytest.raises(Conflict, match="is used by exp"):
        VECTORS.remove(session, "toy")
    wait_until("the long step", lab.spoiled.is_used_up)
    kill_attempt(run)
    (done,) = lab.wait_for_success(run)
    assert done.attempt > 1
    assert done.provenance is not None
    file = load_file(lab.settings.run_dir(run.id) / WEIGHTS)
    words = bytes(file[VOCABULARY]).decode().split("\n")
    found = [number for number, word in enumerate(words) if word in vectors]
    held = file["embedding"][np.array(found) + FIRST_WORD]
    assert (held == np.array([vectors[words[number]] for number in found])).all()
    assert done.provenance["vectors_found"] == len(found)
    assert done.provenance["vectors_words"] == len(words)
    with lab.database.transaction() as session:
        row, again = reproductions.reproduce(session, run.id, datetime.now(UTC))
    lab.wait_for_success(again)
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        view = reproduction_view(service, session, reproductions.reproduction(session, row.id))
    assert view.identical, view
