"""Runs whose processes are killed end with the very bits of a run that nothing disturbed."""

from typing import Any

import pytest

from models.states import RunState
from models.store.tables import Run

from support.process_tree import still_alive
from support.spoiling import NEVER
from support.workers import Lab, kill_attempt, wait_until

LONG = {"steps": 60, "evaluate_every": 20}


@pytest.fixture(scope="module")
def undisturbed(embedded_lab: Lab) -> Any:
    embedded_lab.worker()
    return embedded_lab.undisturbed(**LONG)


def _begun(lab: Lab, *, seconds: str = NEVER) -> Run:
    """A run that has a checkpoint and is in a step that takes so long."""
    lab.spoiled.save_early()
    lab.spoiled.at(40, seconds)
    run = lab.create_one(**LONG)
    lab.wait_for_checkpoint(run)
    wait_until("the long step", lab.spoiled.is_used_up)
    return run


def _figures_after_a_resume(lab: Lab, run: Run) -> Any:
    (ended,) = lab.wait_for_success(run)
    assert ended.attempt >= 2
    assert 0 < ended.started_step < ended.steps, "it began anew instead of going on"
    return lab.figures(run)


def test_a_killed_attempt_is_resumed_to_the_same_bits(embedded_lab: Lab, undisturbed: Any) -> None:
    worker = embedded_lab.worker()
    run = _begun(embedded_lab)
    kill_attempt(run)
    # the pool saw it die: no need to wait for the lease, which is longer than this test
    assert _figures_after_a_resume(embedded_lab, run) == undisturbed
    assert f"run {run.id}: attempt 1 was ended by SIGKILL" in worker.log()


def test_a_worker_asked_to_stop_saves_its_run_and_another_resumes_to_the_same_bits(
    embedded_lab: Lab, undisturbed: Any
) -> None:
    worker = embedded_lab.worker()
    run = _begun(embedded_lab, seconds="3")
    family = worker.family()
    worker.stop()
    assert not still_alive(family)
    waiting = embedded_lab.run(run)
    assert (waiting.state, waiting.worker_id) == (RunState.QUEUED, None)
    assert waiting.reason is not None
    assert "its worker was asked to stop, at step" in waiting.reason
    embedded_lab.worker()
    assert _figures_after_a_resume(embedded_lab, run) == undisturbed


def test_a_killed_worker_takes_all_its_processes_along_and_another_resumes_to_the_same_bits(
    server_lab: Lab, undisturbed: Any
) -> None:
    """On PostgreSQL and Redis; `test_faults_embedded.py` kills that of an embedded service."""
    worker = server_lab.worker()
    run = _begun(server_lab)
    family = worker.family()
    worker.kill()
    wait_until("pool and attempts gone too", lambda: not still_alive(family))
    assert server_lab.run(run).state == RunState.RUNNING, "nobody was left to say otherwise"
    server_lab.expire_lease(run)
    server_lab.worker()
    assert _figures_after_a_resume(server_lab, run) == undisturbed
