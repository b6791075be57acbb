"""A database as the first revision of the schema held it in use.

Plain SQL, and figures and documents as the code of then wrote them: nothing here comes from the
tables or the specs of today, which is what an upgrade has to cope with.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from alembic import command
from sqlalchemy import Connection, text

from models.store.database import Database
from models.store.migrating import alembic_config

Values = Mapping[str, Any]

DATASET = "my-pairs"
# of `generate_pairs(1200, 0)`, which is what the data set's files have to hold
CONTENT = "5250aa66875356aa6d29e745be9f4fc4da5b9b12622daf3aaa98804d7a041dc7"
ENDED, UNFINISHED = "exp_01kax1fbk0s5nq3m6r9t0ended", "exp_01kax2fbk0s5nq3m6r9t0going"
DAY = datetime(2026, 11, 1)
ARMS = ("vanilla", "modified")
STEPS = 20
ACCURACY = {"vanilla": 0.41, "modified": 0.43}
STATES = {  # of the runs of the unfinished experiment, by seed and arm
    (0, "vanilla"): "succeeded",
    (0, "modified"): "failed",
    (1, "vanilla"): "cancelled",
    (1, "modified"): "running",
    (2, "vanilla"): "cancelling",  # running, with a wish to cancel
    (2, "modified"): "queued",
}
LOST_AT = 12  # the step that the running runs were last heard of

SPEC = json.loads(
    """{"name": "Does leaving out harder negatives help?", "dataset": "my-pairs", "split": {"kind":
    "in_order", "train_rows": 1000, "test_rows": 200, "validation_fraction": 0.2}, "tokenizer":
    "word", "vocabulary": {"min_count": 1, "max_size": null}, "encoder": {"embedding_dim": 8,
    "pooling": "mean", "padding": "masked", "init": "torch", "kind": "lstm", "hidden_dim": 8},
    "optimizer": {"kind": "adam", "lr": 0.01, "eps": 1e-05, "weight_shrink": 1e-05, "schedule":
    {"kind": "warmup_rsqrt", "warmup_steps": 400}}, "batch_size": 16, "steps": 20,
    "evaluate_every": 10, "validation_batches": 1, "validation_pairs": 64, "threshold": {"kind":
    "fixed", "value": 0.7}, "device": "cpu", "arms": [{"name": "vanilla", "loss": {"terms":
    [{"among": "all", "weight": 1.0, "margin": null, "kind": "mean_negative"}, {"among":
    "not_harder_than_positive", "weight": 1.0, "margin": null, "kind": "closest_negative"}],
    "margin": 0.25, "reduction": "sum", "anchors": "first"}}, {"name": "modified", "loss":
    {"terms": [{"among": "all", "weight": 1.0, "margin": null, "kind": "mean_negative"},
    {"among": "all", "weight": 1.0, "margin": null, "kind": "closest_negative"}], "margin": 0.25,
    "reduction": "sum", "anchors": "first"}}], "seeds": {"count": 3}, "decision": {"metric":
    "test.accuracy", "baseline": "vanilla", "equivalence_margin": 0.005, "confidence": 0.95}}"""
)


def run_id(experiment: str, seed: int, arm: str) -> str:
    return f"run_{experiment[4:22]}{ARMS.index(arm)}{seed:07d}"


def fill_first_revision(database: Database) -> None:
    """Bring an empty database to revision 0001, and put rows into each of its tables."""
    with database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        insert(connection, "datasets", _dataset())
        insert(connection, "workers", _worker())
        for experiment in (ENDED, UNFINISHED):
            insert(connection, "experiments", _experiment(experiment))
            _event(connection, experiment, kind="created")
            for seed in range(3):
                for arm in ARMS:
                    _run(connection, experiment, seed, arm)


def _dataset() -> Values:
    return {
        "id": "ds_01kax0fbk0s5nq3m6r9t2v4w6y",
        "name": DATASET,
        "content_hash": CONTENT,
        "has_split": False,
        "created_at": DAY,
        "rows": 1200,
        "duplicates": 485,
        "empty_texts": 0,
        "distinct_texts": 2364,
        "token_length_mean": 12.029166666666667,
        "token_length_median": 12.0,
        "token_length_p99": 20.0,
        "token_length_max": 24,
        "vocabulary_size": 681,
    }


def _worker() -> Values:
    return {
        "id": "wrk_01kax0fbk0s5nq3m6r9t2v4w6z",
        "host": "gpu-1",
        "pid": 4242,
        "slots": 2,
        "cuda_devices": 0,
        "draining": False,
        "started_at": DAY,
        "heartbeat_at": DAY,
    }


def _experiment(experiment: str) -> Values:
    return {
        "id": experiment,
        "name": SPEC["name"],
        "created_at": DAY,
        "dataset_id": "ds_01kax0fbk0s5nq3m6r9t2v4w6y",
        "content_hash": CONTENT,
        "spec": SPEC,
        "idempotency_key": f"key of {experiment}",
        "request_hash": "5" * 64,
        "test_pairs": 200,
        "baseline_majority": 0.605,
        "baseline_collapsed": 0.395,
    }


def _run(connection: Connection, experiment: str, seed: int, arm: str) -> None:
    """A run with the figures and the events of its state."""
    state = STATES[seed, arm] if experiment == UNFINISHED else "succeeded"
    running = state in ("running", "cancelling")
    step = {"succeeded": STEPS, "queued": 0}.get(state, LOST_AT)
    run, begun, ended = run_id(experiment, seed, arm), state != "queued", state == "succeeded"
    values = {
        "id": run,
        "experiment_id": experiment,
        "position": 2 * seed + ARMS.index(arm),
        "arm": arm,
        "seed": seed,
        "device": "cpu",
        "state": "running" if running else state,
        "attempt": int(begun),
        "step": step,
        "steps": STEPS,
        "cancel_requested": state in ("cancelling", "cancelled"),
        "reason": {"failed": "the loss was nan", "cancelled": "cancelled at step 12"}.get(state),
        "worker_id": "wrk_01kax0fbk0s5nq3m6r9t2v4w6z" if begun else None,
        "submitted_at": DAY,
        "started_at": DAY if begun else None,
        "started_step": 0,
        "heartbeat_at": DAY + timedelta(minutes=1) if begun else None,
        "finished_at": DAY + timedelta(minutes=1) if begun and not running else None,
        "weights_sha256": "a" * 64 if ended else None,
        "provenance": {"torch": "2.13.0", "device_kind": "cpu"} if ended else None,
    }
    insert(connection, "runs", values)
    _event(connection, experiment, run, "state", to_state="queued", attempt=0)
    if begun:
        moved = {"from_state": "queued", "to_state": "running", "attempt": 1}
        _event(connection, experiment, run, "state", **moved)
    if values["cancel_requested"]:
        _event(connection, experiment, run, "cancel_requested", attempt=1)
    if begun and not running:
        moved = {"from_state": "running", "to_state": state, "attempt": 1}
        _event(connection, experiment, run, "state", message=values["reason"], **moved)
    for number in range(1, step + 1):
        insert(connection, "steps", _step(run, number))
    for number in range(10, step + 1, 10):
        insert(connection, "evaluations", _evaluation(run, number, "validation", 0.5))
    if ended:
        insert(connection, "evaluations", _evaluation(run, step, "test", accuracy(seed, arm)))


def accuracy(seed: int, arm: str) -> float:
    """On the test pairs, as stored."""
    return ACCURACY[arm] + seed / 1000


def loss(step: int) -> float:
    """Of a training step, as stored."""
    return 6.0 - step / 20


def _step(run: str, step: int) -> Values:
    return {
        "run_id": run,
        "step": step,
        "loss": loss(step),
        "loss_per_row": loss(step) / 16,
        "s_ap_mean": 0.7431604266166687,
        "s_an_mean": 0.6373502016067505,
        "harder_share": 0.875,
        "masked_share": 0.0,
        "gradient_norm": 9.080118179321289,
        "lr": 0.00012468827930174565,
        "active_1": 0.75,
        "active_2": 1.0,
    }


def _evaluation(run: str, step: int, split: str, share: float) -> Values:
    own = loss(step) if split == "validation" else None
    return {
        "run_id": run,
        "step": step,
        "split": split,
        "loss": own,
        "loss_per_row": own and own / 16,
        "baseline_loss": own,
        "accuracy": share,
        "roc_auc": 0.40778324092498296,
        "average_precision": 0.3367547033664288,
        "predicted_positive": 0.595,
        "positive_mean": 0.6689599128086355,
        "negative_mean": 0.7156084134928451,
        "pairs": 64 if split == "validation" else 200,
    }


def _event(
    connection: Connection, experiment: str, run: str | None = None, kind: str = "", **more: Any
) -> None:
    about = {"experiment_id": experiment, "run_id": run, "at": DAY, "kind": kind}
    insert(connection, "events", {**about, **more})


def insert(connection: Connection, table: str, values: Values) -> None:
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    kind = connection.dialect.name
    stored = {name: _stored(value, kind) for name, value in values.items()}
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), stored)


def _stored(value: Any, kind: str) -> Any:
    """A value as the database of this kind was given it."""
    if isinstance(value, datetime):
        zone = "" if kind == "sqlite" else "+00"
        return f"{value:%Y-%m-%d %H:%M:%S.%f}{zone}"
    return json.dumps(value) if isinstance(value, dict | list) else value
