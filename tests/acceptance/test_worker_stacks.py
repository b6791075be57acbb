"""A worker that trains several runs of an experiment as one stack, each as if it were alone."""

from typing import Any

import pytest

from models.states import RunState
from models.store.tables import Run

from support.workers import Lab, WorkerForTests, attempt_pids, kill_attempt, wait_until

STACK = 4
# two arms: four runs
LONG: dict[str, Any] = {"steps": 400, "evaluate_every": 100, "seeds": {"count": 2}}


@pytest.fixture(scope="module")
def worker(embedded_lab: Lab) -> WorkerForTests:
    return embedded_lab.worker(stack=STACK)


@pytest.fixture(scope="module")
def undisturbed(embedded_lab: Lab, worker: WorkerForTests) -> dict[tuple[str, int], Any]:
    """The figures of each arm and seed where nothing was in the way."""
    assert worker.process.poll() is None
    ended = embedded_lab.wait_for_success(*embedded_lab.create(**LONG))
    assert {run.attempt for run in ended} == {1}
    started = [run.started_at for run in ended if run.started_at]
    finished = [run.finished_at for run in ended if run.finished_at]
    assert len(started) == len(finished) == len(ended)
    assert max(started) < min(finished)
    assert {(run.provenance or {}).get("stack_width") for run in ended} == {STACK}
    return {_which(run): embedded_lab.figures(run) for run in ended}


def _which(run: Run) -> tuple[str, int]:
    return run.arm, run.seed


def _begun(lab: Lab) -> list[Run]:
    """Four runs in one stack, each with a checkpoint."""
    made = lab.create(**LONG)
    for run in made:
        lab.wait_for_checkpoint(run)
    return made


def test_a_run_alone_has_the_same_bits_as_in_company(
    embedded_lab: Lab, undisturbed: dict[tuple[str, int], Any]
) -> None:
    run, *others = embedded_lab.create(announced=0, **LONG)
    for other in others:
        embedded_lab.cancel(other)
    (ended,) = embedded_lab.wait_for_success(run)
    assert embedded_lab.figures(ended) == undisturbed[_which(run)]


def test_a_cancelled_run_leaves_the_stack_and_the_others_end_with_their_bits(
    embedded_lab: Lab, undisturbed: dict[tuple[str, int], Any]
) -> None:
    cancelled, *others = _begun(embedded_lab)
    embedded_lab.cancel(cancelled)
    ended = embedded_lab.wait_for_state(cancelled, RunState.CANCELLED)
    assert 0 < ended.step < ended.steps
    assert ended.reason == f"cancelled at step {ended.step}"
    for run in embedded_lab.wait_for_success(*others):
        assert run.attempt == 1
        assert embedded_lab.figures(run) == undisturbed[_which(run)]


@pytest.mark.usefixtures("worker")
def test_a_run_that_diverges_fails_alone(embedded_lab: Lab) -> None:
    sound, wild = embedded_lab.spec_arms()
    wild["optimizer"] = {"eps": 1e-60}
    made = embedded_lab.create(arms=[sound, wild], steps=60)
    by_arm = {run.arm: run for run in made}
    failed = embedded_lab.wait_for_state(by_arm["masked"], RunState.FAILED)
    assert failed.problem is not None
    assert failed.problem["title"] == "The training diverged"
    (ended,) = embedded_lab.wait_for_success(by_arm["plain"])
    assert (ended.attempt, ended.step) == (1, 60)


def test_where_the_process_is_killed_each_run_goes_on_from_its_checkpoint_to_the_same_bits(
    embedded_lab: Lab, worker: WorkerForTests, undisturbed: dict[tuple[str, int], Any]
) -> None:
    made = _begun(embedded_lab)
    (leader,) = [run for run in made if attempt_pids(run)]
    kill_attempt(leader)
    # the pool knows what the process held: no need to wait for a lease, longer than this test
    for run in embedded_lab.wait_for_success(*made):
        assert (run.attempt, run.faults) == (2, 1)
        assert 0 < run.started_step < run.steps
        assert embedded_lab.figures(run) == undisturbed[_which(run)]
    assert worker.log().count("was ended by SIGKILL") == len(made)


def test_a_worker_asked_to_stop_saves_every_run_of_its_stack(
    embedded_lab: Lab, worker: WorkerForTests, undisturbed: dict[tuple[str, int], Any]
) -> None:
    made = _begun(embedded_lab)
    worker.stop()
    for run in made:
        waiting = embedded_lab.run(run)
        assert (waiting.state, waiting.worker_id) == (RunState.QUEUED, None)
        assert "its worker was asked to stop, at step" in (waiting.reason or "")
    embedded_lab.worker(stack=STACK)
    for run in embedded_lab.wait_for_success(*made):
        assert 0 < run.started_step < run.steps
        assert embedded_lab.figures(run) == undisturbed[_which(run)]


def test_more_runs_than_a_stack_holds_are_trained_one_stack_after_the_other(
    embedded_lab: Lab,
) -> None:
    made = embedded_lab.create(steps=40, seeds={"count": 3})
    ended = embedded_lab.wait_for_success(*made)
    assert {(run.attempt, run.step) for run in ended} == {(1, 40)}
    wait_until("the end of the stacks", lambda: not any(attempt_pids(run) for run in made))


def test_given_negatives_are_trained_in_a_stack_to_the_same_bits_after_a_kill(
    embedded_lab: Lab,
) -> None:
    embedded_lab.worker(stack=STACK)
    arms = [{**arm, "negatives": {"given": 1}} for arm in embedded_lab.spec_arms()]
    asked = {**LONG, "steps": 200, "arms": arms}
    straight = embedded_lab.wait_for_success(*embedded_lab.create(**asked))
    for run in straight:
        assert (run.provenance or {}).get("stack_width") == STACK
        given = embedded_lab.figures(run)[0]["s_given_mean"]
        assert any(value is not None for value in given)
    made = embedded_lab.create(**asked)
    for run in made:
        embedded_lab.wait_for_checkpoint(run)
    (leader,) = [run for run in made if attempt_pids(run)]
    kill_attempt(leader)
    undisturbed = {_which(run): embedded_lab.figures(run) for run in straight}
    for run in embedded_lab.wait_for_success(*made):
        assert run.attempt == 2
        assert embedded_lab.figures(run) == undisturbed[_which(run)]
