"""The recipe of the demo, so small that a run takes a moment."""

from typing import Any

TINY_RECIPE: dict[str, Any] = {
    "recipe": "hard-negative-mining-small",
    "encoder": {"kind": "bag", "embedding_dim": 4},
    "split": {"train_rows": 1000, "test_rows": 100},
    "batch_size": 16,
    "steps": 4,
    "evaluate_every": 2,
    "validation_pairs": 32,
}
