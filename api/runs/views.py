"""The schema of each reply on a run: its state, metrics, files, predictions and reproductions."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ConfigDict, Field, create_model

from api.http.views import View
from models.metric_declarations import Better, Unit
from models.metrics import EVALUATION_METRICS, STEP_METRICS, Metric
from models.states import RunState
from models.store.run_life.log_lines import LogLevel
from models.store.run_life.run_problems import RunProblem
from models.store.tables import Prediction


class DifferenceView(View):
    """The first value that differs, in the order of the training."""

    where: str
    """`steps`, `evaluations`, `scores` or `weights`."""
    step: int | None
    split: str | None
    """Of an evaluation: `validation` or `test`."""
    row: int | None
    """Of a score: the row of the data set."""
    figure: str
    recorded: float | None
    """Null where there is no such value, as for a missing step."""
    again: float | None
    difference: float | None
    """`again` minus `recorded`."""


class ComparedView(View):
    """How much was compared."""

    steps: int
    evaluations: int
    scores: int | None
    """Null until the training has ended, and where a file of scores is missing."""


class WeightsView(View):
    """SHA-256 of both files of weights."""

    recorded: str | None
    again: str | None


class ReproductionView(View):
    """A run trained again from its stored spec, compared value by value."""

    id: str
    run: str
    again: str
    """Id of the run that trains again, for `GET /v1/runs/{id}`."""
    state: RunState
    reason: str | None
    created_at: datetime
    identical: bool | None
    """Whether every value and every weight is the same; null while that is unknown."""
    first_difference: DifferenceView | None
    """Given during the training too, as soon as there is one."""
    compared: ComparedView
    weights: WeightsView
    provenance_differences: dict[str, dict[str, Any]]
    """What differs beside the spec: versions, device, processor."""
    sentence: str


class RunView(View):
    """One training: one arm under one seed, and under one setting where arms are tuned."""

    id: str
    experiment: str
    arm: str
    seed: int
    setting: int
    """Which of the spec's `tuning.planned` it is trained under; 0 where nothing is tuned."""
    tuning: bool
    """Whether it only serves to choose a setting: it is then never tested, and not compared."""
    state: RunState
    step: int
    """The last step that is stored."""
    steps: int
    attempt: int
    """How many times it was started; above 1 when a worker died or was asked to stop."""
    faults: int
    """Attempts that a fault of the machine ended, since it was queued or retried; the run fails at
    `TRIPLETLAB_MAX_ATTEMPTS` of them."""
    reason: str | None
    """Why it failed, was cancelled, was queued again or stopped early, in words."""
    problem: RunProblem | None
    """What went wrong, where it failed or waits for another attempt."""
    not_before: datetime | None
    """Of a queued run after a fault: the earliest time of its next attempt."""
    trained_seconds: float
    """Seconds of training so far, over all attempts; `time_limit` limits these."""
    worker: str | None
    device: str
    pretrained: bool
    """Whether it starts from a pretrained model, so that its worker needs the libraries for it."""
    cancel_requested: bool
    seconds_left: float | None
    """Of a running run, estimated from the speed of this attempt."""
    waiting_for: str | None
    """Of a queued run: what it needs to start and does not find, such as a live worker."""
    started_at: datetime | None
    finished_at: datetime | None
    weights_sha256: str | None
    provenance: dict[str, Any] | None


AnyView = TypeVar("AnyView", bound=View)


def with_metrics(
    metrics: Mapping[str, Metric], field_of: Callable[[Metric], tuple[Any, Any]]
) -> Callable[[type[AnyView]], type[AnyView]]:
    """Give a view a field for each of these metrics, after those that its class names.

    `field_of` gives the type of a metric's field, and what pydantic calls its `FieldInfo`.
    """

    def add(view: type[AnyView]) -> type[AnyView]:
        fields: dict[str, Any] = {name: field_of(metric) for name, metric in metrics.items()}
        return create_model(
            view.__name__, __base__=view, __doc__=view.__doc__, __module__=view.__module__, **fields
        )

    return add


def _value(metric: Metric) -> tuple[Any, Any]:
    kind = metric.kind | None if metric.nullable else metric.kind
    return kind, Field(description=metric.description)


def _column(metric: Metric) -> tuple[Any, Any]:
    """A column that may be missing; NaN is null in it, whatever the metric."""
    return list[float | None], Field(default_factory=list, description=metric.description)


@with_metrics(STEP_METRICS, _column)
class StepsView(View):
    """Training steps in columns of one length: the metrics that `models.metrics` declares, or those
    that the request names, and `active_1`, … of the loss's terms."""

    step: list[int]


@with_metrics(EVALUATION_METRICS, _value)
class EvaluationView(View):
    """One evaluation of a run, with the metrics that `models.metrics` declares."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    """The step after which it was made."""
    split: str
    """Of which rows: `validation` or `test`."""


class MetricView(View):
    """One metric: what it is called, and what its values mean."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    """Its name in replies, exports and tables."""
    label: str
    """Its name in words, as used inside a sentence."""
    unit: Unit
    """`loss` in the unit of its formula, `similarity` a cosine from -1 to 1, `share` a fraction of
    1, `correlation` from -1 to 1, `norm` of a gradient, `rate` of learning, `pairs` and
    `questions` a count of them."""
    description: str
    nullable: bool
    better: Better | None
    """Which values are better: lower ones, higher ones, or neither."""
    splits: tuple[str, ...]
    """The rows that it is measured on: `train`, `validation`, `test`."""


class MetricsView(View):
    """All that is measured, in the order in which replies and exports have it."""

    steps: list[MetricView]
    evaluations: list[MetricView]


class LogLineView(View):
    """One line of a run's log: what an attempt did, or how it ended."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    """From 1 on, the newest last; lines in the middle of a very long log are no longer kept."""
    attempt: int
    at: datetime
    level: LogLevel
    step: int
    """The last step that the attempt had done then."""
    message: str


class LogView(View):
    """A page of a run's log; `next` is the `after` of the next page, and null on the last. Whoever
    follows the log asks again `after` the last number that was there."""

    items: list[LogLineView]
    next: int | None


class UsageView(View):
    """What the processes of a run used over time, in columns of one length: those of its newest ten
    attempts. Runs that are trained as one stack share a process, and have its values."""

    attempt: list[int]
    seconds: list[float]
    """When the sample was taken, since the attempt began; it covers the time since the sample
    before."""
    processors: list[float]
    """Processors in use, on average: 1 is one core all the time."""
    memory: list[int]
    """Resident bytes of the process, with what it shares with other attempts."""
    gpu: list[float | None]
    """The share of the time in which its GPU computed, for this process or for others; null without
    a GPU."""
    gpu_memory: list[int | None]
    """Bytes that the process holds of the GPU's memory."""


class ScoresView(View):
    """Similarities of the test pairs after the last step, in columns."""

    row: list[int]
    label: list[int]
    score: list[float]


class MisclassifiedPair(View):
    """A test pair on the wrong side of the run's threshold."""

    row: int
    """Its number in the data set, counted from 0."""
    question1: str
    question2: str
    similarity: float
    duplicate: bool
    """Its label; the run called it the opposite."""


class MisclassifiedPairsView(View):
    """A page of the list; `next` is the `after` of the next page."""

    threshold: float
    wrong: int
    """Misclassified pairs of this kind."""
    pairs: int
    """All test pairs."""
    items: list[MisclassifiedPair]
    note: str | None
    """What to know of the labels of this data set; null for data sets that were uploaded."""
    next: int | None


class CheckpointView(View):
    """A complete checkpoint on disk: weights, the optimiser's moments, the state of evaluation."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    """The step after which it was saved."""
    size: int
    """Bytes."""
    sha256: str
    saved_at: datetime


class PredictionState(StrEnum):
    QUEUED = "queued"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PairView(View):
    """The prediction for one pair."""

    question1: str
    question2: str
    similarity: float
    """Cosine similarity of the two vectors, from -1 to 1."""
    duplicate: bool
    """Whether the similarity is above the run's threshold."""
    unknown_words: list[str]
    """Words of both questions that were not in the training data: to the network they are all the
    same word, so the more of them, the less the similarity says."""


class PredictionView(View):
    """A request for predictions and its answer; kept for an hour."""

    id: str
    run: str
    state: PredictionState
    reason: str | None
    """Why it failed; else null."""
    created_at: datetime
    threshold: float | None
    predictions: list[PairView] | None
    """In the order of the request; null until there is an answer."""

    @classmethod
    def of(cls, row: Prediction) -> "PredictionView":
        state = PredictionState.QUEUED
        if row.answered_at is not None:
            state = PredictionState.FAILED if row.reason else PredictionState.SUCCEEDED
        return cls(
            id=row.id,
            run=row.run_id,
            state=state,
            reason=row.reason,
            created_at=row.created_at,
            threshold=row.threshold,
            predictions=_pair_views(row),
        )


def _pair_views(row: Prediction) -> list[PairView] | None:
    if row.similarities is None or row.threshold is None:
        return None
    # a question from before the words were stored has none
    unknown = row.unknown_words or [[]] * len(row.pairs)
    return [
        PairView(
            question1=first,
            question2=second,
            similarity=similarity,
            duplicate=similarity > row.threshold,
            unknown_words=words,
        )
        for (first, second), similarity, words in zip(
            row.pairs, row.similarities, unknown, strict=True
        )
    ]
