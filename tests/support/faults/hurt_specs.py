"""Specs whose runs last seconds: long enough to be hurt in the middle, small enough for many."""

from typing import Any

STOP = 50
"""The step at which a tuned experiment leaves settings out."""

_SMALL: dict[str, Any] = {
    "dataset": "questions-generated",
    "split": {"kind": "in_order", "train_rows": 1000, "test_rows": 200},
    "batch_size": 16,
    "validation_batches": 1,
    "validation_pairs": 64,
    "device": "cpu",
    "arms": [
        {"name": "all", "loss": {"terms": [{"kind": "mean_negative"}]}},
        {
            "name": "masked",
            "loss": {"terms": [{"kind": "closest_negative", "among": "not_harder_than_positive"}]},
        },
    ],
    "seeds": {"count": 1},
}

HEALTHY: dict[str, dict[str, Any]] = {
    "lstm": {
        "encoder": {"kind": "lstm", "embedding_dim": 8, "hidden_dim": 8},
        "steps": 300,
        "evaluate_every": 100,
    },
    "bag": {"encoder": {"kind": "bag", "embedding_dim": 8}, "steps": 900, "evaluate_every": 300},
    "best": {
        "encoder": {"kind": "gru", "embedding_dim": 8, "hidden_dim": 8},
        "checkpoint": "best_validation",
        "steps": 250,
        "evaluate_every": 50,
    },
}

ALL: dict[str, dict[str, Any]] = {
    **HEALTHY,
    # nothing beside zero in single precision, so Adam divides by zero where no gradient went
    "diverging": {**HEALTHY["lstm"], "optimizer": {"eps": 1e-60}},
    "endless": {
        **HEALTHY["lstm"],
        "steps": 1_000_000,
        "evaluate_every": 1_000_000,
        "time_limit": 2.0,
    },
    "brief": {**HEALTHY["bag"], "steps": 20, "evaluate_every": 20},
    "tuned": {
        **HEALTHY["lstm"],
        "steps": 150,
        "evaluate_every": 50,
        "tuning": {
            "grid": {"/optimizer/lr": [0.001, 0.01]},
            "seeds": 1,
            "halving": {"at": [STOP / 150]},
        },
    },
}


def document(spec: dict[str, Any], seed: int = 0, **more: Any) -> dict[str, Any]:
    """The body of a POST: a small experiment of two arms under one seed."""
    return {**_SMALL, **spec, "seeds": {"list": [seed]}, **more}
