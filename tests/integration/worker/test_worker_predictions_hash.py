"""No prediction is made with weights that are not those that the run recorded."""

import hashlib
from pathlib import Path

import pytest

from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.files.file_store import SharedDisk
from models.files.run_files import WEIGHTS
from models.settings import Settings
from models.states import RunState
from models.store import predictions
from models.store.database import Database
from models.store.run_life import runs
from worker.attempts.loading import load_run_data, run_words
from worker.attempts.results import write_results
from worker.predictions.server import PredictionServer
from worker.training.events import Finished
from worker.training.loop import train

from support.expect import expect
from support.stored import at
from support.stored_runs import claimed
from support.training import tiny_spec

SPLIT = {"kind": "in_order", "train_rows": 400, "test_rows": 60}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of weights of a tiny run."""
    folder = tmp_path_factory.mktemp("trained")
    cache.store(generate_pairs(460, 0), folder / "rows")
    spec = tiny_spec(split=SPLIT)
    data = load_run_data(folder / "rows", spec)
    *_, last = train(spec, "vanilla", 0, data)
    words = run_words(folder / "rows", spec, data)
    write_results(SharedDisk(), folder, spec, data, words, expect(Finished, last))
    return (folder / WEIGHTS).read_bytes()


def test_a_byte_that_changed_in_the_weights_is_told_and_never_answered_with(
    database: Database, weights: bytes, tmp_path: Path
) -> None:
    settings = Settings(database_url=database.url, data_dir=tmp_path)
    run_id = claimed(database)
    recorded = hashlib.sha256(weights).hexdigest()
    with database.transaction() as session:
        done = RunState.SUCCEEDED
        runs.finish(session, run_id, 1, done, weights_sha256=recorded, now=at(1))
    path = settings.run_dir(run_id) / WEIGHTS
    path.parent.mkdir(parents=True)

    def answer() -> tuple[list[float] | None, str | None]:
        with database.transaction() as session:
            asked = predictions.create_prediction(session, run_id, [("How?", "Why?")], at(2))
        PredictionServer(database, settings).answer(asked)
        with database.reading() as session:
            found = predictions.prediction(session, asked.id)
            return found.similarities, found.reason

    path.write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))  # still a file that can be read
    similarities, reason = answer()
    assert similarities is None
    assert f"weights.safetensors of run {run_id} is damaged" in (reason or "")
    path.write_bytes(weights)
    similarities, reason = answer()
    assert (len(similarities or ()), reason) == (1, None)
