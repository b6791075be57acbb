"""What a real worker does with runs that cannot be carried out: it says so in words."""

import shutil
from datetime import UTC, datetime

import pytest

from models.states import RunState
from models.workers import live_workers

from workers_for_tests import Lab


@pytest.fixture(scope="module", autouse=True)
def _worker(embedded_lab: Lab) -> None:
    embedded_lab.start_worker()


def test_a_run_whose_data_are_gone_fails_with_words_after_its_last_attempt(
    embedded_lab: Lab,
) -> None:
    folder = embedded_lab.add_dataset("gone", seed=1)
    shutil.rmtree(folder)
    run = embedded_lab.create_one(dataset="gone")
    ended = embedded_lab.wait_for_state(run, RunState.FAILED)
    assert ended.attempt == embedded_lab.settings.max_attempts == 2
    assert ended.reason is not None
    assert "FileNotFoundError at step 0" in ended.reason
    assert str(folder) in ended.reason
    assert "given up after 2 attempts" in ended.reason


def test_a_training_that_diverges_fails_at_its_first_attempt(embedded_lab: Lab) -> None:
    # nothing beside zero in single precision, so Adam divides by zero where no gradient went
    run = embedded_lab.create_one(optimizer={"eps": 1e-60})
    ended = embedded_lab.wait_for_state(run, RunState.FAILED)
    assert ended.attempt == 1
    assert ended.reason is not None
    assert f"at step {ended.step + 1} the loss was nan" in ended.reason
    assert embedded_lab.figures(run)[0]["step"] == list(range(1, ended.step + 1))


def test_a_run_for_cuda_waits_where_no_worker_has_it(embedded_lab: Lab) -> None:
    with embedded_lab.database.reading() as session:
        (worker,) = live_workers(session, datetime.now(UTC), lease_seconds=60)
    if worker.cuda_devices:
        pytest.skip("this machine has a CUDA device")
    run = embedded_lab.create_one(device="cuda")
    embedded_lab.wait_for_success(embedded_lab.create_one(steps=3))
    assert embedded_lab.run(run).state == RunState.QUEUED
