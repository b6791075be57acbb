"""The published spec, written out whole: what the service promises, apart from its own code."""

import copy
from typing import Any

VANILLA = {
    "name": "vanilla",
    "loss": {
        "margin": 0.25,
        "reduction": "sum",
        "terms": [
            {"kind": "mean_negative"},
            {"kind": "closest_negative", "among": "not_harder_than_positive"},
        ],
    },
}
MODIFIED = {
    "name": "modified",
    "loss": {
        "margin": 0.25,
        "reduction": "sum",
        "terms": [{"kind": "mean_negative"}, {"kind": "closest_negative", "among": "all"}],
    },
}
MINIMAL: dict[str, Any] = {"dataset": "quora-question-pairs", "arms": [VANILLA, MODIFIED]}

# with every figure that is promised as a default
PUBLISHED: dict[str, Any] = {
    "name": "Does leaving out harder negatives help?",
    "dataset": "quora-question-pairs",
    "split": {
        "kind": "in_order",
        "train_rows": 300000,
        "test_rows": 10240,
        "validation_fraction": 0.2,
    },
    "encoder": {
        "kind": "lstm",
        "embedding_dim": 128,
        "hidden_dim": 128,
        "pooling": "mean",
        "padding": "masked",
        "init": "torch",
    },
    "optimizer": {
        "kind": "adam",
        "lr": 0.01,
        "eps": 1e-5,
        "weight_shrink": 1e-5,
        "schedule": {"kind": "warmup_rsqrt", "warmup_steps": 400},
    },
    "batch_size": 256,
    "steps": 1400,
    "evaluate_every": 100,
    "threshold": {"kind": "fixed", "value": 0.7},
    "arms": [VANILLA, MODIFIED],
    "seeds": {"count": 10},
    "decision": {
        "metric": "test.accuracy",
        "baseline": "vanilla",
        "equivalence_margin": 0.005,
        "confidence": 0.95,
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The published spec with `value` at a JSON pointer."""
    document = copy.deepcopy(PUBLISHED)
    *parents, last = path.split("/")[1:]
    here: Any = document
    for parent in parents:
        here = here[int(parent)] if isinstance(here, list) else here[parent]
    here[int(last) if isinstance(here, list) else last] = value
    return document
