"""A real worker trains runs again and answers questions about them, also while it is busy."""

import os
import signal
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from safetensors.numpy import load_file
from sqlalchemy import update

from api.dependencies import Service
from api.runs.reproduction_report import reproduction_view
from models.broker import submit
from models.datasets import cache
from models.files.run_files import SCORES, WEIGHTS
from models.states import RunState
from models.store import predictions
from models.store.reproducing import reproductions
from models.store.run_life import runs
from models.store.tables import Prediction, Run, Step

from support.process_tree import command_of, still_alive
from support.workers import Lab, WorkerForTests, wait_until

PAIRS = [("How do I cook rice?", "How is rice cooked?"), ("", "Why?")]


@pytest.fixture(scope="module")
def worker(embedded_lab: Lab) -> WorkerForTests:
    """A worker with a single slot."""
    return embedded_lab.worker()


@pytest.fixture(scope="module")
def trained(embedded_lab: Lab, worker: WorkerForTests) -> Run:  # noqa: ARG001
    """A run that has succeeded."""
    (run,) = embedded_lab.wait_for_success(embedded_lab.create_one())
    return run


def now() -> datetime:
    return datetime.now(UTC)


def ask(lab: Lab, run: Run, pairs: Sequence[tuple[str, str]] = PAIRS) -> str:
    with lab.database.transaction() as session:
        return predictions.create_prediction(session, run.id, pairs, now()).id


def answered(lab: Lab, prediction_id: str) -> Prediction:
    def look() -> Prediction | None:
        with lab.database.reading() as session:
            found = predictions.prediction(session, prediction_id)
        return found if found.answered_at else None

    found: Prediction = wait_until(f"an answer to {prediction_id}", look)
    return found


def succeeded_without_a_file(lab: Lab) -> Run:
    """A run that ended on a machine whose data folder this worker does not see."""
    run = lab.create_one(announced=0)
    with lab.database.transaction() as session:
        assert runs.claim(session, run.id, worker_id="elsewhere", cuda=False, now=now())
        runs.finish(session, run.id, 1, RunState.SUCCEEDED, weights_sha256="00", now=now())
    return run


def answering(worker: WorkerForTests) -> set[int]:
    """The worker's process that answers, if it has one."""
    return {pid for pid in worker.family() if "worker.predictions.server" in command_of(pid)}


def test_a_run_is_reproduced_to_the_same_bits_and_a_changed_figure_is_found(
    embedded_lab: Lab, trained: Run
) -> None:
    lab = embedded_lab
    with lab.database.transaction() as session:
        pair = reproductions.reproduce(session, trained.id, now())
    submit(lab.app, pair[1].id, pair[1].device)
    lab.wait_for_success(pair[1])
    service = Service(lab.settings, lab.database, None)
    with lab.database.reading() as session:
        pair = reproductions.reproduction(session, pair[0].id)
        report = reproduction_view(service, session, pair)
    assert (report.identical, report.first_difference) == (True, None), report.sentence
    assert report.compared.model_dump() == {"steps": 40, "evaluations": 3, "scores": 200}
    assert report.weights.recorded == report.weights.again == trained.weights_sha256
    assert report.provenance_differences == {}

    tampered = update(Step).where(Step.run_id == trained.id, Step.step == 17)
    with lab.database.transaction() as session:
        session.execute(tampered.values(loss=Step.__table__.c.loss + 0.5))
    with lab.database.reading() as session:
        first = reproduction_view(service, session, pair).first_difference
    assert first is not None
    assert (first.where, first.step, first.figure) == ("steps", 17, "loss")
    assert first.difference == pytest.approx(-0.5)


def test_a_worker_whose_slot_is_taken_answers_with_the_stored_test_scores(
    embedded_lab: Lab, trained: Run
) -> None:
    lab = embedded_lab
    busy = lab.create_one(steps=100_000, evaluate_every=100_000)
    lab.wait_for_step(busy, 1)
    stored = load_file(lab.settings.run_dir(trained.id) / SCORES)
    folder = lab.dataset_folder
    found = answered(lab, ask(lab, trained, cache.open_texts(folder).rows(stored["row"].tolist())))
    assert (found.reason, found.attempt) == (None, 1)
    assert found.similarities is not None
    np.testing.assert_allclose(found.similarities, stored["score"], rtol=0, atol=1e-5)
    assert found.threshold == np.float32(0.7)
    lab.cancel(busy)


def test_a_run_whose_files_are_gone_is_answered_with_the_reason(
    embedded_lab: Lab, worker: WorkerForTests
) -> None:
    run = succeeded_without_a_file(embedded_lab)
    folder = embedded_lab.settings.run_dir(run.id)
    found = answered(embedded_lab, ask(embedded_lab, run))
    assert found.similarities is None
    assert found.reason is not None
    assert f"the weights of run {run.id} are not at {folder}" in found.reason
    assert len(answering(worker)) == 1, "a question that cannot be answered ends nothing"


def test_a_question_waits_for_a_worker_whose_process_ends_when_nobody_asks(
    embedded_lab: Lab, trained: Run, worker: WorkerForTests
) -> None:
    lab = embedded_lab
    family = worker.family()
    worker.stop()
    assert not still_alive(family)
    asked = ask(lab, trained)
    other = lab.worker(predict_idle_seconds=0.1)
    found = answered(lab, asked)
    assert found.similarities is not None
    assert len(found.similarities) == len(PAIRS)
    wait_until("the end of the process", lambda: not answering(other))


def test_a_question_whose_process_is_killed_is_answered_by_the_next(
    embedded_lab: Lab, trained: Run
) -> None:
    lab = embedded_lab
    worker = lab.worker(predict_idle_seconds=0.1)
    weights = lab.settings.run_dir(trained.id) / WEIGHTS
    aside = weights.rename(weights.with_suffix(".aside"))
    os.mkfifo(weights)  # whoever opens it to read waits, so that no answer comes before the kill
    asked = ask(lab, trained)
    (pid,) = wait_until("a process that answers", lambda: answering(worker))
    os.kill(pid, signal.SIGKILL)
    aside.replace(weights)
    found = answered(lab, asked)
    assert (found.attempt, found.reason) == (2, None)
    assert "the prediction server ended with status -9" in worker.log()
