"""Experiments of thousands of runs, written as workers leave them: nothing is trained."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from own_service import OwnService
from safetensors.numpy import save_file
from sqlalchemy import insert, select, update

from models.comparison.resampled.stored_sums import ScoreFile, SumsReader
from models.comparison.scores import scores_of
from models.files.run_files import SCORES
from models.metrics import EVALUATION_METRICS, STEP_METRICS
from models.specs.parse import parse_spec
from models.states import RunState
from models.store.database import Database
from models.store.experiments import create_experiment, runs_of
from models.store.tables import Base, Dataset, Event, Run

STEPS, EVERY, BATCH = 100, 20, 64
MOST_ARMS, LEVELS = 16, 4  # of arms that are given one by one; of each factor where there are more
AT_ONCE = 200  # runs whose rows are written in one transaction
PROVENANCE = {"torch": "2.13.0", "numpy": "2.4.6", "python": "3.11.7", "threads": 1, "cpu": "EPYC"}


def made_experiment(store: Database, arms: int, seeds: int) -> str:
    """An experiment of these sizes on the generated questions, queued; its id."""
    spec = parse_spec(
        {
            "name": f"{arms} arms, {seeds} seeds",
            "dataset": "questions-generated",
            "steps": STEPS,
            "evaluate_every": EVERY,
            "batch_size": BATCH,
            "seeds": {"count": seeds},
            **arms_of(arms),
        }
    )
    with store.transaction() as session:
        return create_experiment(
            session,
            spec=spec,
            dataset=session.scalars(select(Dataset)).one(),
            test_pairs=10_240,
            baseline_majority=0.63,
            baseline_collapsed=0.37,
            left_out_pairs=0,
            idempotency_key=None,
            request_hash="",
        ).id


def arms_of(arms: int) -> dict[str, Any]:
    """So many arms; above 16 the cells of factors, a power of four of them."""
    loss = {"terms": [{"kind": "mean_negative"}]}
    if arms <= MOST_ARMS:
        more: list[dict[str, Any]] = [
            {"optimizer": {"lr": 0.01 + 0.001 * number}} if number else {} for number in range(arms)
        ]
        return {"arms": [{"name": f"arm {n}", "loss": loss, **one} for n, one in enumerate(more)]}
    levels: list[list[dict[str, Any]]] = [
        [{"optimizer": {"lr": 0.01 + 0.001 * level}} for level in range(LEVELS)],
        [{"loss": {"margin": 0.1 + 0.1 * level}} for level in range(LEVELS)],
        [{"encoder": {"embedding_dim": 8 * (1 + level)}} for level in range(LEVELS)],
    ]
    count = round(math.log(arms, LEVELS))
    factors = [
        {"name": f"factor {n}", "levels": [{"name": str(k), **one} for k, one in enumerate(own)]}
        for n, own in enumerate(levels[:count])
    ]
    encoder = {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8}
    return {"factors": factors, "effects": "with_interactions", "loss": loss, "encoder": encoder}


def place_of(run: Run) -> int:
    """Which of the arms is the run's, as a number that its quality follows from."""
    digits = [int(digit) for digit in re.findall(r"(?:arm |=)(\d+)", run.arm)]
    return sum(digit * LEVELS**place for place, digit in enumerate(digits))


def filled(
    service: OwnService, store: Database, experiment: str, test_pairs: int, *, summed: bool = True
) -> None:
    """Let every run have succeeded, with `test_pairs` scores, and their sums where they are to be
    `summed`; without steps and scores for 0."""
    with store.reading() as session:
        runs = runs_of(session, experiment)
    tables = Base.metadata.tables
    for start in range(0, len(runs), AT_ONCE):
        steps, evaluations, files = [], [], []
        for run in runs[start : start + AT_ONCE]:
            tested = {"accuracy": quality(run)}
            if test_pairs:
                folder = service.settings.run_dir(run.id)
                tested = scores(folder, run, test_pairs)
                files.append(ScoreFile(folder, tested["predicted_positive"]))
            steps += steps_of(run) if test_pairs else []
            evaluations += evaluations_of(run, tested)
        if summed:
            SumsReader(files).read(files)  # works them out, as the worker does, and keeps them
        with store.transaction() as session:
            session.execute(insert(tables["evaluations"]), evaluations)
            if steps:
                session.execute(insert(tables["steps"]), steps)
    now = datetime.now(UTC)
    with store.transaction() as session:
        ended = {"state": RunState.SUCCEEDED, "step": STEPS, "attempt": 1, "finished_at": now}
        more = {"started_at": now, "heartbeat_at": now, "weights_sha256": "5e" * 32}
        own = update(Run).where(Run.experiment_id == experiment)
        session.execute(own.values(**ended, **more, provenance=PROVENANCE))
        note = {"experiment_id": experiment, "at": now, "kind": "state", "attempt": 1}
        moves = {"from_state": RunState.RUNNING, "to_state": RunState.SUCCEEDED}
        session.execute(insert(Event), [{**note, **moves, "run_id": run.id} for run in runs])


def quality(run: Run) -> float:
    """How good a run is, by its arm and its seed."""
    generator = np.random.default_rng([run.seed, place_of(run)])
    return 0.7 + 0.002 * place_of(run) + float(generator.normal(scale=0.004))


def scores(folder: Path, run: Run, test_pairs: int) -> dict[str, float]:
    """Write the scores of a run into its folder, and return what they amount to."""
    generator = np.random.default_rng([run.seed, place_of(run), 1])
    label = np.random.default_rng(0).random(test_pairs) < 0.37
    noise = generator.normal(size=test_pairs).astype(np.float32)
    score = (noise + np.float32(8 * (quality(run) - 0.55)) * label).astype(np.float32)
    folder.mkdir(parents=True)
    rows = np.arange(test_pairs, dtype=np.int64)
    columns: dict[str, Any] = {"row": rows, "label": label.astype(np.int8), "score": score}
    save_file(columns, folder / SCORES)
    called = float((score > 0.6).mean())
    judged = scores_of(rows, label, score, called)
    return {
        "accuracy": float(judged.right.mean()),
        "roc_auc": float(judged.placement[label].mean()),
        "average_precision": float(np.sort(judged.placement[label])[: len(label) // 2].mean()),
        "predicted_positive": called,
    }


def steps_of(run: Run) -> list[dict[str, Any]]:
    def loss(step: int) -> float:
        return 0.5 * math.exp(-max(0, step - 20 - run.seed % 30) / 30)

    same = dict.fromkeys(STEP_METRICS, 0.5)
    return [
        {**same, "run_id": run.id, "step": step, "loss": BATCH * loss(step)}
        | {"loss_per_row": loss(step), "s_ap_mean": 0.99, "s_an_mean": 0.98}
        for step in range(1, STEPS + 1)
    ]


def evaluations_of(run: Run, tested: dict[str, float]) -> list[dict[str, Any]]:
    same = {**dict.fromkeys(EVALUATION_METRICS, 0.5), "pairs": 2048, "run_id": run.id}
    validations = [
        {**same, "step": step, "split": "validation", "accuracy": 0.5 + step / 500}
        | {"loss": 100.0 / step, "loss_per_row": 1.0 / step, "baseline_loss": 100.0 / step}
        for step in range(EVERY, STEPS + 1, EVERY)
    ]
    return [*validations, {**same, "step": STEPS, "split": "test", **tested}]
