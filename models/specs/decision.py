"""What decides an experiment: one metric, the terms on which two arms are compared, and the
programme whose question it is."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

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
    """One minus the probability of a wrong verdict, over all comparisons together."""


PROGRAMME_NAME = r"^[A-Za-z0-9][A-Za-z0-9 _.+=-]{0,63}$"


class ProgrammeSpec(SpecPart):
    """A name says it all: question and level are the service's, which writes them into the stored
    spec. A stored spec that is sent again is a new question, and gets a level of its own."""

    name: Annotated[str, Field(pattern=PROGRAMME_NAME)]
    question: Annotated[int, Field(ge=1)] | None = None
    """Its place among the questions of the programme, from 1; written by the service."""
    level: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    """What it may spend on a false `better`, in place of 1 - confidence; written by the service."""


def _from_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


Programme = Annotated[
    ProgrammeSpec,
    BeforeValidator(
        _from_name,
        # that of a stored spec is read too, but nobody has to write one
        json_schema_input_type=Annotated[str, Field(pattern=PROGRAMME_NAME)],
    ),
]
