"""What a real worker does with faults: the machine's it tries again, the spec's it explains."""

import os
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest

from models.files.checkpoint_files import checkpoints_in
from models.files.file_store import SharedDisk
from models.states import RunState
from models.store.tables import Run
from models.store.workers import live_workers

from support.spoiling import SpoiledTraining
from support.stored_runs import events_of
from support.workers import Lab

LONG = {"steps": 60, "evaluate_every": 20}


@pytest.fixture(scope="module", autouse=True)
def _worker(embedded_lab: Lab) -> None:
    embedded_lab.worker()


@pytest.fixture
def spoiled(embedded_lab: Lab) -> SpoiledTraining:
    return embedded_lab.spoiled


@pytest.fixture(scope="module")
def undisturbed(embedded_lab: Lab) -> Any:
    return embedded_lab.undisturbed(**LONG)


def problem_of(run: Run) -> dict[str, Any]:
    assert run.problem is not None
    return run.problem


def test_a_run_whose_data_are_gone_fails_with_words_after_its_last_attempt(
    embedded_lab: Lab,
) -> None:
    folder = embedded_lab.add_dataset("gone", seed=1)
    shutil.rmtree(folder)
    run = embedded_lab.create_one(dataset="gone")
    ended = embedded_lab.wait_for_state(run, RunState.FAILED)
    assert ended.attempt == ended.faults == embedded_lab.settings.max_attempts == 2
    assert ended.reason is not None
    assert "FileNotFoundError at step 0" in ended.reason
    assert str(folder) in ended.reason
    assert "given up after 2 attempts" in ended.reason


def test_a_run_on_torn_files_has_the_bits_of_whole_ones_or_names_the_data_set(
    embedded_lab: Lab,
) -> None:
    folder = embedded_lab.add_dataset("torn", seed=2)
    (whole,) = embedded_lab.wait_for_success(embedded_lab.create_one(dataset="torn"))
    (tokens,) = folder.glob("tokens-word-*")
    for name in ("vocabulary.txt", "ids.npy"):
        os.truncate(tokens / name, (tokens / name).stat().st_size // 2)
    (healed,) = embedded_lab.wait_for_success(embedded_lab.create_one(dataset="torn"))
    assert embedded_lab.figures(healed) == embedded_lab.figures(whole)
    os.truncate(folder / "pairs.parquet", 1000)
    shutil.rmtree(tokens)
    problem = problem_of(
        embedded_lab.wait_for_state(embedded_lab.create_one(dataset="torn"), RunState.FAILED)
    )
    assert problem["type"] == "urn:tripletlab:problem:damaged-data-set"
    assert "the data set 'torn' is damaged" in problem["detail"]
    assert "Upload the same file again" in problem["advice"]


@pytest.mark.parametrize("kind", ["oom", "full"])
def test_a_fault_of_the_machine_is_tried_again_after_a_wait_to_the_same_bits(
    embedded_lab: Lab, spoiled: SpoiledTraining, undisturbed: Any, kind: str
) -> None:
    spoiled.save_early()
    spoiled.at(50, kind)
    run = embedded_lab.create_one(**LONG)
    (ended,) = embedded_lab.wait_for_success(run)
    assert (ended.attempt, ended.faults, ended.problem) == (2, 1, None)
    assert ended.started_step > 0, "it began anew instead of going on"
    assert embedded_lab.figures(run) == undisturbed
    words = {"oom": "OutOfMemoryError at step 49", "full": "No space left on device"}[kind]
    told = [str(event.message) for event in events_of(embedded_lab.database, run.id)]
    assert [message for message in told if words in message]


def test_a_gpu_without_memory_at_every_attempt_fails_with_what_to_do(
    embedded_lab: Lab, spoiled: SpoiledTraining
) -> None:
    for _ in range(2):
        spoiled.at(5, "oom")
    ended = embedded_lab.wait_for_state(embedded_lab.create_one(), RunState.FAILED)
    problem = problem_of(ended)
    assert problem["type"] == "urn:tripletlab:problem:cuda-out-of-memory"
    assert (problem["attempt"], problem["step"], ended.faults) == (2, 4, 2)
    assert "batch_size" in problem["advice"]
    assert problem["advice"] in str(ended.reason)


def test_an_error_that_would_come_again_ends_the_run_at_its_first_attempt(
    embedded_lab: Lab, spoiled: SpoiledTraining
) -> None:
    spoiled.at(5, "broken")
    ended = embedded_lab.wait_for_state(embedded_lab.create_one(), RunState.FAILED)
    assert (ended.attempt, ended.faults) == (1, 0)
    assert problem_of(ended)["type"] == "urn:tripletlab:problem:training-error"
    assert "IndexError at step 4: index 7 is out of bounds" in str(ended.reason)
    assert embedded_lab.figures(ended)[0]["step"] == [1, 2, 3, 4]


def test_a_training_that_diverges_fails_at_its_first_attempt(embedded_lab: Lab) -> None:
    # nothing beside zero in single precision, so Adam divides by zero where no gradient went
    run = embedded_lab.create_one(optimizer={"eps": 1e-60})
    ended = embedded_lab.wait_for_state(run, RunState.FAILED)
    assert (ended.attempt, ended.faults) == (1, 0)
    assert f"at step {ended.step + 1} the loss was nan" in str(ended.reason)
    problem = problem_of(ended)
    assert problem["type"] == "urn:tripletlab:problem:diverged"
    assert (problem["step"], problem["first_gauge"]["step"]) == (ended.step + 1, ended.step + 1)
    assert problem["first_gauge"]["name"] == "s_ap_mean"
    assert "optimizer.eps" in problem["advice"]
    assert embedded_lab.figures(run)[0]["step"] == list(range(1, ended.step + 1))


def test_a_training_that_diverges_late_keeps_its_last_good_checkpoint(
    embedded_lab: Lab, spoiled: SpoiledTraining
) -> None:
    spoiled.save_early()
    spoiled.at(50, "nan")
    ended = embedded_lab.wait_for_state(embedded_lab.create_one(**LONG), RunState.FAILED)
    problem = problem_of(ended)
    assert (problem["step"], ended.step) == (50, 49)
    found = checkpoints_in(SharedDisk(), embedded_lab.settings.run_dir(ended.id))
    assert found
    assert all(0 < one.step < 50 for one in found)


def test_a_run_past_its_time_limit_fails_with_a_checkpoint_of_that_step(
    embedded_lab: Lab, spoiled: SpoiledTraining
) -> None:
    """The first attempt is ended by a fault; the second goes on counting where it was."""
    spoiled.at(3, "6")
    spoiled.at(6, "full")
    spoiled.at(7, "6")
    run = embedded_lab.create_one(steps=100_000, evaluate_every=100_000, time_limit=10)
    ended = embedded_lab.wait_for_state(run, RunState.FAILED)
    assert (ended.attempt, ended.faults) == (2, 1)
    problem = problem_of(ended)
    assert problem["type"] == "urn:tripletlab:problem:time-limit"
    assert problem["step"] == ended.step
    assert f"the time_limit of 10 s was reached at step {ended.step} of 100000" in problem["detail"]
    assert ended.trained_seconds >= 10
    newest = checkpoints_in(SharedDisk(), embedded_lab.settings.run_dir(run.id))[0]
    assert newest.step == ended.step
    assert embedded_lab.figures(run)[0]["step"] == list(range(1, ended.step + 1))


def test_a_time_limit_that_is_kept_changes_no_bit(embedded_lab: Lab, undisturbed: Any) -> None:
    (run,) = embedded_lab.wait_for_success(embedded_lab.create_one(**LONG, time_limit=3600))
    assert embedded_lab.figures(run) == undisturbed


def test_a_run_for_cuda_waits_where_no_worker_has_it(embedded_lab: Lab) -> None:
    with embedded_lab.database.reading() as session:
        alive = live_workers(session, datetime.now(UTC), lease_seconds=60)
    if any(worker.cuda_devices for worker in alive):
        pytest.skip("this machine has a CUDA device")
    run = embedded_lab.create_one(device="cuda")
    embedded_lab.wait_for_success(embedded_lab.create_one(steps=3))
    assert embedded_lab.run(run).state == RunState.QUEUED
