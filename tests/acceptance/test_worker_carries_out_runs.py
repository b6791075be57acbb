"""Real workers carry out runs: on SQLite with the embedded broker, on PostgreSQL with Redis."""

from pathlib import Path

import pytest
from safetensors import safe_open

from models.broker import ANY_QUEUE, waiting_messages
from models.states import RunState
from models.store.experiments import experiment, runs_of
from models.store.metrics.untrained import untrained_of_runs

from support.workers import Lab, attempt_pids, wait_until


@pytest.fixture(scope="module", autouse=True)
def _worker(lab: Lab) -> None:
    lab.worker()


def test_runs_succeed_and_every_step_is_recorded_once(lab: Lab) -> None:
    for run in lab.wait_for_success(*lab.create(steps=40, evaluate_every=20)):
        assert (run.step, run.attempt, run.reason) == (40, 1, None)
        steps, evaluations, files, weights_sha256 = lab.figures(run)
        assert steps["step"] == list(range(1, 41))
        assert [(row["step"], row["split"]) for row in evaluations] == [
            (20, "validation"),
            (40, "test"),
            (40, "validation"),
        ]
        assert files["weights.safetensors"] == weights_sha256
        assert run.provenance is not None
        assert run.provenance["threads"] == 1
        kept = lab.settings.run_dir(run.id) / "checkpoints"
        _wait_until_gone(kept)  # after the commit
        _has_a_score_for_every_test_row(lab, run.id)
    _has_lines(lab, run.experiment_id)


def test_an_arm_trains_with_its_overrides_and_stops_early(lab: Lab) -> None:
    stop = {"patience": 1, "min_delta": 1000.0}
    plain, masked = lab.spec_arms()
    arms = [plain, {**masked, "encoder": {"kind": "gru"}, "tokenizer": "lower", "early_stop": stop}]
    whole, stopped = lab.wait_for_success(*lab.create(arms=arms, evaluate_every=10))
    assert (whole.step, whole.reason) == (40, None)
    assert (stopped.step, stopped.steps) == (20, 40)
    assert stopped.reason == "stopped early: validation.loss has not improved in 1 evaluations"
    with safe_open(lab.settings.run_dir(stopped.id) / "weights.safetensors", "numpy") as file:
        assert file.get_tensor("weight_ih").shape == (3 * 128, 128)
        assert '"kind": "gru"' in file.metadata()["tripletlab"]


def _wait_until_gone(checkpoints: Path) -> None:
    wait_until("the checkpoints gone", lambda: not checkpoints.exists())


def _has_a_score_for_every_test_row(lab: Lab, run_id: str) -> None:
    with safe_open(lab.settings.run_dir(run_id) / "scores.safetensors", "numpy") as file:
        rows, labels, scores = (file.get_tensor(name) for name in ("row", "label", "score"))
    assert rows.tolist() == list(range(1000, 1200))
    assert (str(labels.dtype), str(scores.dtype)) == ("int8", "float32")
    assert set(labels.tolist()) == {0, 1}


def _has_lines(lab: Lab, experiment_id: str) -> None:
    """What takes no training was measured: once for the experiment, and once a run."""
    with lab.database.reading() as session:
        lines = experiment(session, experiment_id).tf_idf
        untrained = untrained_of_runs(session, experiment_id)
        ids = {run.id for run in runs_of(session, experiment_id)}
    assert lines is not None
    assert 0.5 < lines["test.accuracy"] < 1
    assert untrained.keys() == ids
    for own in untrained.values():
        assert own.keys() >= {"test.accuracy", "test.roc_auc", "validation.loss"}
    assert len([*lab.settings.datasets_dir.glob("*/tf-idf-*")]) == 1


def test_a_message_delivered_five_times_makes_one_attempt(lab: Lab) -> None:
    run = lab.create_one(announced=5, steps=200, encoder={"kind": "bag", "embedding_dim": 8})
    lab.wait_for_success(run)
    wait_until("all messages taken", lambda: waiting_messages(lab.app, ANY_QUEUE) == 0)
    wait_until("every attempt's process gone", lambda: not attempt_pids(run))
    ended = lab.run(run)
    assert (ended.state, ended.attempt) == (RunState.SUCCEEDED, 1)
    assert lab.figures(run)[0]["step"] == list(range(1, 201))


def test_a_run_whose_message_was_lost_is_submitted_again(lab: Lab) -> None:
    (ended,) = lab.wait_for_success(lab.create_one(announced=0, steps=3))
    assert ended.attempt == 1


def test_a_running_run_stops_when_it_is_cancelled(lab: Lab) -> None:
    run = lab.create_one(steps=100_000, evaluate_every=100_000)
    lab.wait_for_step(run, 1)
    lab.cancel(run)
    ended = lab.wait_for_state(run, RunState.CANCELLED)
    assert 0 < ended.step < 100_000
    assert ended.reason == f"cancelled at step {ended.step}"
    assert lab.figures(run)[0]["step"] == list(range(1, ended.step + 1))
    wait_until("the attempt's process gone", lambda: not attempt_pids(run))


def test_two_workers_share_the_runs_of_an_experiment(server_lab: Lab) -> None:
    server_lab.worker()
    server_lab.start_worker()
    made = server_lab.create(steps=100_000, evaluate_every=100_000)
    first, second = (server_lab.wait_for_step(run, 1) for run in made)
    assert first.worker_id != second.worker_id
    assert [run.attempt for run in (first, second)] == [1, 1]
    for run in made:
        server_lab.cancel(run)
        server_lab.wait_for_state(run, RunState.CANCELLED)
