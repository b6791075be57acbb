"""A real worker trains from a pretrained model: given to it, killed on the way, reproduced."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.dependencies import Service
from api.runs.reproduction_report import reproduction_view
from models.errors import Conflict
from models.pretrained.folder import CONFIG, take_in
from models.states import RunState
from models.store import predictions
from models.store.reproducing import reproductions
from models.store.run_life import runs
from models.store.tables import Prediction, Worker
from models.store.uploads.pretrained_models import MODELS, add_model
from worker.pool.forkserver import SLOT

from support.pretrained import toy_files, zipped
from support.process_tree import command_of
from support.workers import Lab, WorkerForTests, kill_attempt, wait_until

pytest.importorskip("transformers", reason="needs the extra `pretrained`")
ENCODER = {"kind": "pretrained", "model": "toy", "max_tokens": 24, "dropout": 0.1}


@pytest.fixture(scope="module")
def worker(embedded_lab: Lab) -> WorkerForTests:
    return embedded_lab.worker()


def add_toy(lab: Lab) -> None:
    unpacked = lab.folder / "toy"
    unpacked.mkdir()
    profile = take_in(io.BytesIO(zipped(toy_files())), unpacked, 1 << 20)
    folder: Path = lab.settings.models_dir / profile.content_hash
    folder.parent.mkdir(exist_ok=True)
    unpacked.rename(folder)
    lab.settings.file_store().give_folder(folder, last=CONFIG)
    with lab.database.transaction() as session:
        add_model(session, "toy", profile)


def has_libraries(worker: WorkerForTests) -> bool:
    """Whether the process that forks the attempts has those of pretrained encoders in memory, and
    still no thread of its own."""
    (above,) = (one for one in worker.family() if " ".join(command_of(one)).startswith(SLOT))
    threads = {path.read_text().strip() for path in Path(f"/proc/{above}/task").glob("*/comm")}
    assert threads <= {"python", "python3", "tripletlab slot", "jemalloc_bg_thd"}
    return "tokenizers" in Path(f"/proc/{above}/maps").read_text()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_pretrained_run_is_killed_goes_on_and_is_the_same_again(
    embedded_lab: Lab, worker: WorkerForTests
) -> None:
    lab = embedded_lab
    add_toy(lab)
    lab.wait_for_success(lab.create_one(steps=5, evaluate_every=5))
    assert not has_libraries(worker)
    changes: dict[str, Any] = {"encoder": ENCODER, "steps": 120, "evaluate_every": 40}
    run = lab.create_one(**changes)
    assert run.pretrained
    wait_until("the libraries", lambda: has_libraries(worker))  # not in the attempt, but above it
    with lab.database.transaction() as session, pytest.raises(Conflict, match="is used by exp"):
        MODELS.remove(session, "toy")
    lab.wait_for_checkpoint(run)
    kill_attempt(run)
    (done,) = lab.wait_for_success(run)
    assert done.provenance is not None
    assert len(done.provenance["model_sha256"]) == 64
    assert {"transformers", "tokenizers"} <= done.provenance.keys()
    with lab.database.transaction() as session:
        row, again = reproductions.reproduce(session, run.id, now())
    assert again.pretrained
    lab.wait_for_success(again)
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        pair = reproductions.reproduction(session, row.id)
        view = reproduction_view(service, session, pair)
    assert view.identical, view
    with lab.database.transaction() as session:
        pairs = [("How do I cook rice?", "How is rice cooked?"), ("☃", "Why?")]
        asked = predictions.create_prediction(session, run.id, pairs, now()).id

    def answer() -> Prediction | None:
        with lab.database.reading() as session:
            found = predictions.prediction(session, asked)
        return found if found.answered_at else None

    found = wait_until("an answer", answer)
    assert found.reason is None
    assert len(found.similarities) == 2
    assert found.unknown_words == [[], ["☃"]]


def test_a_worker_without_the_libraries_is_given_no_such_run_and_the_others(
    embedded_lab: Lab,
    worker: WorkerForTests,  # noqa: ARG001
) -> None:
    lab = embedded_lab
    with lab.database.transaction() as session:
        session.execute(update(Worker).values(pretrained=False))
        worker_id = session.scalars(select(Worker.id)).first()
    run = lab.create_one(encoder=ENCODER, steps=5, evaluate_every=5)
    (other,) = lab.wait_for_success(lab.create_one(steps=5, evaluate_every=5))
    assert not other.pretrained
    assert lab.run(run).state == RunState.QUEUED
    with lab.database.transaction() as session:
        found = runs.claim(
            session, run.id, worker_id=str(worker_id), cuda=False, now=now(), pretrained=False
        )
        assert found is None
        session.execute(update(Worker).values(pretrained=True))
    lab.wait_for_success(run)
