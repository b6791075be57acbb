"""A worker of now carries on what the first revision left unfinished."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from api.serving.embedded_broker import EmbeddedBroker
from models.states import RunState
from models.store.database import Database
from models.store.migrating import migrate
from models.store.run_life import runs
from models.store.tables import Run

from support.first_revision import (
    CONTENT,
    LOST_AT,
    STEPS,
    UNFINISHED,
    fill_first_revision,
    loss,
    run_id,
)
from support.workers import Lab

RUNNING, QUEUED = run_id(UNFINISHED, 1, "modified"), run_id(UNFINISHED, 2, "modified")
CANCELLING = run_id(UNFINISHED, 2, "vanilla")


@pytest.fixture
def lab(blank_url: str, tmp_path: Path) -> Iterator[Lab]:
    """The old database at the schema of now, with the files that belong to it."""
    old = Database(blank_url)
    fill_first_revision(old)
    old.close()
    migrate(blank_url)
    with EmbeddedBroker(tmp_path / "broker") as broker:
        made = Lab(tmp_path, blank_url, broker.url)
        leave_old_files(made)
        yield made
        made.close()


def leave_old_files(lab: Lab) -> None:
    """A checkpoint, and tokens, as the first release named and wrote them, with other contents
    than this version would give them."""
    tokens = lab.settings.datasets_dir / CONTENT / "tokens-word"
    tokens.mkdir()
    np.save(tokens / "ids.npy", np.zeros(2400, dtype=np.int32))
    np.save(tokens / "offsets.npy", np.arange(2401))
    (tokens / "vocabulary.txt").write_text("word\n")
    folder = lab.settings.run_dir(RUNNING) / "checkpoints"
    folder.mkdir(parents=True)
    save_file({"embedding": np.zeros((683, 8), np.float32)}, folder / "step-10.safetensors")
    about = {"format": 1, "step": 10, "identity": "3" * 64, "sha256": "4" * 64}
    (folder / "step-10.json").write_text(json.dumps(about))


def test_runs_that_the_first_revision_left_are_trained_to_their_ends(lab: Lab) -> None:
    left = {run: stored(lab, run) for run in (RUNNING, QUEUED, CANCELLING)}
    assert [run.step for run in left.values()] == [LOST_AT, 0, LOST_AT]
    lab.worker()
    ended = lab.wait_for_success(left[RUNNING], left[QUEUED])
    lab.wait_for_state(left[CANCELLING], RunState.CANCELLED)
    # not from the old checkpoint: this version cannot know that it would go on to the same bits
    assert [(run.attempt, run.started_step, run.step) for run in ended] == [
        (2, 0, STEPS),
        (1, 0, STEPS),
    ]
    for run in ended:
        steps, evaluations, files, weights_sha256 = lab.figures(run)
        assert steps["step"] == list(range(1, STEPS + 1))
        assert not set(steps["loss"]) & {loss(step) for step in steps["step"]}, "rows of then"
        assert None not in steps["false_closest_share"]
        assert [(row["step"], row["split"]) for row in evaluations] == [
            (10, "validation"),
            (20, "test"),
            (20, "validation"),
        ]
        assert files["weights.safetensors"] == weights_sha256
        with safe_open(lab.settings.run_dir(run.id) / "weights.safetensors", "numpy") as file:
            assert len(bytes(file.get_tensor("vocabulary")).split(b"\n")) > 100, "tokens of then"


def stored(lab: Lab, run: str) -> Run:
    with lab.database.reading() as session:
        return runs.run(session, run)
