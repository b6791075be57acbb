"""A real worker drops what is cancelled or deleted at once, and takes up again what is retried."""

import shutil
from datetime import UTC, datetime
from typing import Any

import pytest

from models.broker import submit
from models.states import RunState
from models.store import retries
from models.store.experiments import delete_experiment
from models.store.tables import Run

from support.spoiling import SpoiledTraining
from support.workers import Lab, attempt_pids, wait_until

LONG = {"steps": 60, "evaluate_every": 20}


@pytest.fixture(scope="module", autouse=True)
def _worker(embedded_lab: Lab) -> None:
    """One slot, and a heartbeat as rare as it is by default."""
    embedded_lab.worker(heartbeat_seconds=2.0)


@pytest.fixture
def spoiled(embedded_lab: Lab) -> SpoiledTraining:
    return embedded_lab.spoiled


@pytest.fixture(scope="module")
def undisturbed(embedded_lab: Lab) -> Any:
    return embedded_lab.undisturbed(**LONG)


def retry(lab: Lab, run: Run, *, anew: bool = False) -> None:
    with lab.database.transaction() as session:
        assert retries.retry(session, run.id, datetime.now(UTC), anew=anew)
    submit(lab.app, run.id, run.device)


def in_a_long_step(lab: Lab, spoiled: SpoiledTraining) -> Run:
    """A run that has a checkpoint and is in step 50, for an hour."""
    spoiled.stand_still(50)
    run = lab.create_one(**LONG)
    lab.wait_for_checkpoint(run)
    wait_until("the long step", spoiled.is_used_up)
    return run


def test_a_cancelled_run_frees_its_worker_in_the_middle_of_a_step_and_is_retried_to_the_same_bits(
    embedded_lab: Lab, spoiled: SpoiledTraining, undisturbed: Any
) -> None:
    run = in_a_long_step(embedded_lab, spoiled)
    embedded_lab.cancel(run)
    ended = embedded_lab.wait_for_state(run, RunState.CANCELLED)
    assert ended.reason == f"cancelled at step {ended.step}"
    wait_until("the attempt's process gone", lambda: not attempt_pids(run))
    embedded_lab.wait_for_success(embedded_lab.create_one(steps=3))

    retry(embedded_lab, run)
    (again,) = embedded_lab.wait_for_success(run)
    assert 0 < again.started_step < 50, "it began anew instead of going on"
    assert (again.attempt, again.faults) == (2, 0)
    assert embedded_lab.figures(run) == undisturbed


def test_a_failed_run_is_retried_from_the_start_to_the_same_bits(
    embedded_lab: Lab, spoiled: SpoiledTraining, undisturbed: Any
) -> None:
    spoiled.save_early()
    spoiled.at(50, "broken")
    run = embedded_lab.create_one(**LONG)
    assert embedded_lab.wait_for_state(run, RunState.FAILED).step == 49
    retry(embedded_lab, run, anew=True)
    (again,) = embedded_lab.wait_for_success(run)
    assert (again.started_step, again.attempt, again.problem) == (0, 2, None)
    assert embedded_lab.figures(run) == undisturbed


def test_a_deleted_run_frees_its_worker_and_leaves_no_files(
    embedded_lab: Lab, spoiled: SpoiledTraining
) -> None:
    run = in_a_long_step(embedded_lab, spoiled)
    embedded_lab.cancel(run)
    with embedded_lab.database.transaction() as session:
        delete_experiment(session, run.experiment_id)
    shutil.rmtree(embedded_lab.settings.run_dir(run.id))
    wait_until("the attempt's process gone", lambda: not attempt_pids(run))
    assert not embedded_lab.settings.run_dir(run.id).exists()
    embedded_lab.wait_for_success(embedded_lab.create_one(steps=3))
