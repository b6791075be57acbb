"""What decides an experiment: one metric, and the terms on which two arms are compared."""

from typing import Annotated, Literal

from pydantic import Field

from models.specs.base import SpecPart

Metric = Literal[
    "test.accuracy",
    "test.roc_auc",
    "test.average_precision",
    "test.f1",
    "test.precision",
    "test.recall",
    "test.mcc",
    "test.mrr_at_10",
    "test.recall_at_1",
    "test.recall_at_10",
    "test.map_at_r",
    "test.ndcg_at_10",
    "test.spearman",
    "test.pearson",
    "test.triplet_accuracy",
    "validation.accuracy",
    "validation.roc_auc",
    "validation.average_precision",
    "validation.f1",
    "validation.precision",
    "validation.recall",
    "validation.mcc",
    "validation.spearman",
    "validation.pearson",
    "validation.triplet_accuracy",
    "validation.loss",
    "validation.baseline_loss",
]


class DecisionSpec(SpecPart):
    metric: Metric = "test.accuracy"
    """The one metric that decides, named before any result exists."""
    baseline: str = ""
    """The arm that the others are compared with; by default the first."""
    equivalence_margin: Annotated[float, Field(gt=0)] = 0.005
    """Smaller differences do not matter; in units of the metric."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
