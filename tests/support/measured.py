"""Metrics for tests that are about something else: those that a test does not name are 0.5, so
that no test has to know of a metric that is added."""

from typing import Any

from models.metrics import BATCH_METRICS, EVALUATION_METRICS, STEP_METRICS, BatchMetrics


def measured_batch(**named: Any) -> BatchMetrics:
    return BatchMetrics(**{**dict.fromkeys(BATCH_METRICS, 0.5), "active": (0.5,), **named})


def measured_step(**named: Any) -> dict[str, Any]:
    names = [name for name in STEP_METRICS if not name.startswith("active_")]
    return {**dict.fromkeys(names, 0.5), "active": (0.5,), **named}


def measured_evaluation(**named: Any) -> dict[str, Any]:
    return {**dict.fromkeys(EVALUATION_METRICS, 0.5), "pairs": 10, "queries": 10, **named}
