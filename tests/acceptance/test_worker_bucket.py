"""Workers that share a bucket and no disk train, resume and answer as on one host."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.serving.embedded_broker import EmbeddedBroker
from models.broker import submit
from models.files.run_files import RESAMPLED, SCORES, WEIGHTS
from models.states import RunState
from models.store import predictions, retries
from models.store.tables import Prediction, Run

from support.buckets import BucketForTests
from support.databases import SqliteForTests
from support.workers import Lab, WorkerForTests, wait_until

LONG = {"steps": 60, "evaluate_every": 20}


@pytest.fixture(scope="module")
def apart(
    bucket: BucketForTests,
    sqlite_for_tests: SqliteForTests,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    """A lab whose workers have data folders of their own."""
    folder = tmp_path_factory.mktemp("lab")
    with EmbeddedBroker(folder / "broker") as broker:
        lab = Lab(folder, sqlite_for_tests.copied_to(folder / "db"), broker.url, bucket.url)
        try:
            yield lab
        finally:
            lab.close()


@pytest.fixture(scope="module")
def undisturbed(apart: Lab) -> Any:
    """The figures of such a run that one host trains from beginning to end."""
    worker_on(apart, "one")
    (run,) = apart.wait_for_success(apart.create_one(**LONG))
    assert run.attempt == 1
    return figures(apart, run)


def worker_on(lab: Lab, host: str) -> WorkerForTests:
    """The worker of this host, and no other."""
    return lab.worker(data_dir=lab.folder / host)


def figures(lab: Lab, run: Run) -> Any:
    """With the files that are in the bucket."""
    for name in (SCORES, WEIGHTS):
        lab.settings.file_store().bring(lab.settings.run_dir(run.id) / name)
    return lab.figures(run)


def begun_on(lab: Lab, host: str) -> tuple[WorkerForTests, Run]:
    """A run that this host has begun, with a checkpoint that others can see."""
    worker = worker_on(lab, host)
    lab.spoiled.stand_still(50)
    run = lab.create_one(**LONG)
    lab.wait_for_checkpoint(run)
    wait_until("the long step", lab.spoiled.is_used_up)
    return worker, run


def test_a_killed_hosts_run_is_resumed_on_another_to_the_same_bits_and_leaves_its_results(
    apart: Lab, bucket: BucketForTests, undisturbed: Any
) -> None:
    worker, run = begun_on(apart, "one")
    worker.kill()
    apart.expire_lease(run)
    worker_on(apart, "two")
    (ended,) = apart.wait_for_success(run)
    assert ended.attempt >= 2
    assert 0 < ended.started_step < ended.steps, "it began anew instead of going on"
    assert figures(apart, run) == undisturbed
    results = [f"runs/{run.id}/{name}" for name in (RESAMPLED, SCORES, WEIGHTS)]
    assert [name for name in bucket.names() if run.id in name] == results
    for host in ("one", "two"):
        assert not (apart.folder / host / "runs" / run.id).exists(), "it keeps none of its own"


def test_a_run_that_is_to_begin_anew_finds_no_checkpoint_of_any_host(
    apart: Lab, undisturbed: Any
) -> None:
    worker, run = begun_on(apart, "two")
    apart.cancel(run)
    apart.wait_for_state(run, RunState.CANCELLED)
    worker.stop()
    with apart.database.transaction() as session:
        assert retries.retry(session, run.id, datetime.now(UTC), anew=True)
    submit(apart.app, run.id, run.device)
    worker_on(apart, "three")
    (again,) = apart.wait_for_success(run)
    assert (again.started_step, again.attempt) == (0, 2)
    assert figures(apart, run) == undisturbed


def test_a_host_that_has_not_trained_a_run_answers_questions_about_it(apart: Lab) -> None:
    worker_on(apart, "three")
    (run,) = apart.wait_for_success(apart.create_one(steps=3))
    worker_on(apart, "four")
    with apart.database.transaction() as session:
        pairs = [("How do I cook rice?", "How is rice cooked?")]
        asked = predictions.create_prediction(session, run.id, pairs, datetime.now(UTC)).id

    def look() -> Prediction | None:
        with apart.database.reading() as session:
            found = predictions.prediction(session, asked)
        return found if found.answered_at else None

    answer: Prediction = wait_until("an answer", look)
    assert answer.reason is None
    assert answer.similarities is not None


def test_a_worker_refuses_a_bucket_that_is_not_there(apart: Lab, bucket: BucketForTests) -> None:
    wrong = bucket.url.replace("//lab", "//laboratory")
    worker = apart.start_worker(data_dir=apart.folder / "five", files_url=wrong)
    assert worker.process.wait(120) != 0
    assert "there is no bucket laboratory" in worker.log()
