"""What is measured at a step and in an evaluation: each metric declared once, as a field.

The type of a field says whether its value may be null, its `About` says the rest. Whatever else
has metrics reads them from here: the worker's events, the rows of the store and the columns of its
tables, replies with their schema, exports, and the page. So a metric is added here, where it is
computed, and in a migration: see `docs/adding_a_metric.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from models.metric_declarations import About

# `Metric` and `declared` are imported from here by all that reads metrics
from models.metric_declarations import Metric as Metric
from models.metric_declarations import declared as declared
from models.specs.losses import MAX_TERMS

_SEARCHED = (
    "null on validation pairs, without such questions, and for evaluations from before it was "
    "measured."
)
_GIVEN = "null where the batch has none."
_WITH_SCORES = (
    "correlation of similarities with the scores of scored pairs, 0 when all similarities are "
    "equal; null where pairs have no scores, or all the same."
)
_SINCE = "and for evaluations from before it was measured."


@dataclass(frozen=True, kw_only=True)
class BatchMetrics:
    """The metrics of a training batch, before the update that follows from it."""

    loss: Annotated[
        float,
        About("loss of the batch", "loss", "The loss, reduced as the arm's spec says.", "lower"),
    ]
    loss_per_row: Annotated[
        float,
        About("loss per row", "loss", "The loss for each row of the batch.", "lower"),
    ]
    s_ap_mean: Annotated[
        float,
        About("similarity of positives", "similarity", "Mean similarity of anchor and positive."),
    ]
    s_an_mean: Annotated[
        float,
        About("similarity of negatives", "similarity", "Mean similarity of anchor and negative."),
    ]
    harder_share: Annotated[
        float,
        About(
            "rows with a harder negative",
            "share",
            "Share of rows with a negative more similar to the anchor than the positive is.",
        ),
    ]
    masked_share: Annotated[
        float,
        About(
            "rows whose negatives are all harder",
            "share",
            "Share of rows whose every negative is more similar to the anchor than the positive "
            "is.",
        ),
    ]
    false_closest_share: Annotated[
        float | None,
        About(
            "rows whose closest negative is a known duplicate",
            "share",
            "Share of rows whose closest other pair is a known duplicate of the anchor; null for "
            "steps from before it was measured.",
        ),
    ]
    s_given_mean: Annotated[
        float | None,
        About(
            "similarity of given negatives",
            "similarity",
            "Mean similarity of an anchor and the negatives given to it, which are among those of "
            f"s_an_mean; {_GIVEN}",
        ),
    ]
    given_harder_share: Annotated[
        float | None,
        About(
            "given negatives that are harder",
            "share",
            "Share of the given negatives that are more similar to their anchor than its positive "
            f"is; {_GIVEN}",
        ),
    ]
    active: tuple[float, ...]
    """For each term of the loss, the share of rows whose value is above zero: the metrics
    `active_1`, `active_2`, and so on."""


@dataclass(frozen=True, kw_only=True)
class StepMetrics(BatchMetrics):
    """The metrics of a training step: those of its batch, and those of the update."""

    gradient_norm: Annotated[
        float,
        About("gradient norm", "norm", "Euclidean norm of the gradient of all weights."),
    ]
    lr: Annotated[float, About("learning rate", "rate", "The learning rate of the update.")]


@dataclass(frozen=True, kw_only=True)
class LossMetrics:
    """The losses of an evaluation: means over the batches of validation duplicates.

    The test pairs have no batches, and so no losses.
    """

    loss: Annotated[
        float | None,
        About(
            "loss",
            "loss",
            "The arm's own loss, reduced as its spec says; null on the test pairs.",
            "lower",
        ),
    ]
    loss_per_row: Annotated[
        float | None,
        About(
            "loss per row",
            "loss",
            "The arm's own loss for each row of a batch; null on the test pairs.",
            "lower",
        ),
    ]
    baseline_loss: Annotated[
        float | None,
        About(
            "loss by the baseline's formula",
            "loss",
            "The baseline's loss on the same duplicates, whatever the arm's own loss is: one "
            "yardstick for all arms; null on the test pairs.",
            "lower",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class PairMetrics:
    """How well the similarities of pairs tell duplicates from other pairs."""

    threshold: Annotated[
        float | None,
        About(
            "threshold",
            "similarity",
            "A pair is called a duplicate when its similarity is above it; null for evaluations "
            "from before it was stored.",
        ),
    ]
    accuracy: Annotated[
        float,
        About("accuracy", "share", "Share of pairs that are called rightly.", "higher"),
    ]
    roc_auc: Annotated[
        float | None,
        About(
            "ROC-AUC",
            "share",
            "Chance that a duplicate is more similar than another pair, ties counting half; null "
            "when all pairs have one label.",
            "higher",
        ),
    ]
    average_precision: Annotated[
        float | None,
        About(
            "average precision",
            "share",
            "Precision over all thresholds, weighted by the gain in recall; null when all pairs "
            "have one label.",
            "higher",
        ),
    ]
    predicted_positive: Annotated[
        float,
        About("pairs called duplicates", "share", "Share of pairs above the threshold."),
    ]
    positive_mean: Annotated[
        float | None,
        About(
            "similarity of duplicates",
            "similarity",
            "Mean similarity of the duplicates; null when there are none.",
        ),
    ]
    negative_mean: Annotated[
        float | None,
        About(
            "similarity of other pairs",
            "similarity",
            "Mean similarity of the pairs that are not duplicates; null when there are none.",
        ),
    ]
    pairs: Annotated[int, About("pairs", "pairs", "How many pairs were measured.")]
    precision: Annotated[
        float | None,
        About(
            "precision",
            "share",
            "Share of the pairs called duplicates that are, 0 when none is called one; null when "
            f"all pairs have one label, {_SINCE}",
            "higher",
        ),
    ]
    recall: Annotated[
        float | None,
        About(
            "recall",
            "share",
            f"Share of the duplicates that are called so; null when all pairs have one label, "
            f"{_SINCE}",
            "higher",
        ),
    ]
    f1: Annotated[
        float | None,
        About(
            "F1",
            "share",
            "Harmonic mean of precision and recall, 0 when no duplicate is called one; null when "
            f"all pairs have one label, {_SINCE}",
            "higher",
        ),
    ]
    mcc: Annotated[
        float | None,
        About(
            "Matthews correlation",
            "correlation",
            "Matthews correlation of what pairs are called with what they are, 0 when all are "
            f"called alike; null when all pairs have one label, {_SINCE}",
            "higher",
        ),
    ]
    spearman: Annotated[
        float | None,
        About("Spearman correlation", "correlation", f"Rank {_WITH_SCORES}", "higher"),
    ]
    pearson: Annotated[
        float | None,
        About("Pearson correlation", "correlation", f"Linear {_WITH_SCORES}", "higher"),
    ]
    triplet_accuracy: Annotated[
        float | None,
        About(
            "triplet accuracy",
            "share",
            "Share of triplets whose positive is more similar to the anchor than every negative of "
            "theirs; null where there are no triplets.",
            "higher",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class RetrievalMetrics:
    """How well the known duplicates of a question are found among the texts of the test part.

    Means over the queries; see `docs/retrieval_metrics.md`.
    """

    mrr_at_10: Annotated[
        float | None,
        About(
            "MRR@10",
            "share",
            f"Mean of 1 over the rank of the first duplicate, 0 beyond rank 10; {_SEARCHED}",
            "higher",
        ),
    ]
    recall_at_1: Annotated[
        float | None,
        About(
            "recall@1",
            "share",
            f"Share of a question's duplicates that are at rank 1; {_SEARCHED}",
            "higher",
        ),
    ]
    recall_at_10: Annotated[
        float | None,
        About(
            "recall@10",
            "share",
            f"Share of a question's duplicates that are among the first 10; {_SEARCHED}",
            "higher",
        ),
    ]
    map_at_r: Annotated[
        float | None,
        About(
            "MAP@R",
            "share",
            "Mean of the precisions at the ranks of a question's R duplicates, 0 for those beyond "
            f"rank R; {_SEARCHED}",
            "higher",
        ),
    ]
    ndcg_at_10: Annotated[
        float | None,
        About(
            "nDCG@10",
            "share",
            "Sum of 1 / log2(1 + rank) of a question's duplicates up to rank 10, as a share of the "
            f"best that is possible; {_SEARCHED}",
            "higher",
        ),
    ]
    queries: Annotated[
        int | None,
        About("queries", "questions", f"How many questions were searched for; {_SEARCHED}"),
    ]


@dataclass(frozen=True, kw_only=True)
class EvaluationMetrics(LossMetrics, PairMetrics, RetrievalMetrics):
    """The metrics of an evaluation."""


def _active(number: int) -> Metric:
    """The metric of one term of a loss; every loss has a first."""
    return Metric(
        name=f"active_{number}",
        kind=float,
        nullable=number > 1,
        label=f"rows with a loss from term {number}",
        unit="share",
        description=f"Share of rows whose value of the loss's term {number} is above zero; null "
        "where the loss has fewer terms.",
        better=None,
        splits=("train",),
    )


BATCH_METRICS: Mapping[str, Metric] = declared(BatchMetrics, "train")
ACTIVE = tuple(f"active_{number}" for number in range(1, MAX_TERMS + 1))
STEP_METRICS: Mapping[str, Metric] = {
    **declared(StepMetrics, "train"),
    **{name: _active(number) for number, name in enumerate(ACTIVE, start=1)},
}
"""In the order in which tables and exports have them, as below."""
RETRIEVAL_METRICS: Mapping[str, Metric] = declared(RetrievalMetrics, "test")
EVALUATION_METRICS: Mapping[str, Metric] = {
    **declared(LossMetrics, "validation"),
    **declared(PairMetrics, "validation", "test"),
    **RETRIEVAL_METRICS,
}
RESULT_METRICS = tuple(name for name, one in EVALUATION_METRICS.items() if one.kind is float)
"""Those that a run is summed up by: `test.accuracy` is one of them, a count of pairs is not."""
