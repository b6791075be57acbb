"""Experiments whose runs have figures worth looking at, put into the store as a worker would."""

import hashlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from models.states import RunState
from models.store.metrics import rows
from models.store.metrics.lines import keep_tf_idf
from models.store.metrics.rows import EvaluationRow, StepRow
from models.store.run_life import runs
from models.store.tables import Run

from support.api import ApiForTests, now
from support.stored import evaluation_row, step_row, store_told, store_untrained

STEPS = 60
EVERY = 5
TEST_PAIRS = 400
PLATEAU = 20  # steps at a loss of 0.5 a row


def shown_experiment(api: ApiForTests, *, seeds: int = 6, **changes: Any) -> str:
    """An experiment of two arms in which every run has succeeded; `modified` is 0.02 better."""
    spec = {"steps": STEPS, "evaluate_every": EVERY, "seeds": {"count": seeds}, **changes}
    made = api.submit(**spec)
    for run in api.runs(made["id"]):
        train_shown(api, run)
    return str(made["id"])


def train_shown(api: ApiForTests, run: Run) -> None:
    """From claim to success: a plateau, then a fall, and an accuracy by arm and seed."""
    attempt = api.claim(run.id, seconds_ago=30)
    better = 0.02 if run.arm == "modified" else 0.0
    accuracy = 0.7 + better + 0.001 * ((run.seed * 7) % 5) + 0.0004 * run.seed * (better > 0)
    with api.database.transaction() as session:
        rows.append_steps(
            session, run.id, [_step(step, run.seed) for step in range(1, run.steps + 1)]
        )
        store_untrained(session, run.id, 0.5 + 0.01 * run.seed)
        store_told(session, run.id, attempt)
        keep_tf_idf(session, run.experiment_id, {"test.accuracy": 0.71, "test.roc_auc": 0.75})
        for step in range(EVERY, run.steps + 1, EVERY):
            rows.append_evaluation(session, run.id, _evaluation(step, run.seed, better))
        test = evaluation_row(run.steps, "test", accuracy=accuracy, loss=None)
        rows.append_evaluation(session, run.id, test)
        runs.advance(session, run.id, attempt, run.steps, now(), trained_seconds=30.0)
    write_scores(api, run)
    with api.database.transaction() as session:
        runs.finish(
            session, run.id, attempt, RunState.SUCCEEDED,
            weights_sha256=hashlib.sha256(run.id.encode()).hexdigest(),
            provenance={"torch": "2.13.0", "threads": 1}, now=now(),
        )  # fmt: skip


def write_scores(api: ApiForTests, run: Run) -> None:
    generator = np.random.default_rng(run.seed)
    label = (np.arange(TEST_PAIRS) % 3 == 0).astype(np.int8)
    score = np.clip(generator.normal(np.where(label == 1, 0.85, 0.55), 0.15), -1, 1)
    folder = api.settings.run_dir(run.id)
    folder.mkdir(parents=True)
    columns = {
        "row": np.arange(2000, 2000 + TEST_PAIRS, dtype=np.int64),
        "label": label,
        "score": score.astype(np.float32),
    }
    save_file(columns, folder / "scores.safetensors")


def _loss(step: int, seed: int) -> float:
    """Of a row."""
    return 0.5 if step <= PLATEAU else 0.5 * math.exp(-(step - PLATEAU) / (15 + seed))


def _step(step: int, seed: int) -> StepRow:
    loss = _loss(step, seed)
    return replace(
        step_row(step, loss=32 * loss),
        loss_per_row=loss,
        s_ap_mean=0.8 + 0.4 * loss,  # on the plateau all similarities are 1
        s_an_mean=2 * loss,
        harder_share=loss,
    )


def _evaluation(step: int, seed: int, better: float) -> EvaluationRow:
    loss = _loss(step, seed)
    row = evaluation_row(step, accuracy=0.6 + better + step / 1000, loss=32 * loss)
    return replace(row, loss_per_row=loss)
