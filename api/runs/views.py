"""The form of each reply on a run: its state, evaluations, scores and reproductions."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from api.http.views import View
from models.states import RunState
from models.store.run_life.run_problems import RunProblem


class DifferenceView(View):
    """The first figure that came out otherwise, in the order of the training."""

    where: str
    """`steps`, `evaluations`, `scores` or `weights`."""
    step: int | None
    split: str | None
    """Of an evaluation: `validation` or `test`."""
    row: int | None
    """Of a score: the row of the data set."""
    figure: str
    recorded: float | None
    """Null where there is no such figure, as for a step that is missing."""
    again: float | None
    difference: float | None
    """`again` minus `recorded`."""


class ComparedView(View):
    """How much was compared."""

    steps: int
    evaluations: int
    scores: int | None
    """Null until the training has ended, and where a file of scores is gone."""


class WeightsView(View):
    """SHA-256 of the two files of weights."""

    recorded: str | None
    again: str | None


class ReproductionView(View):
    """A run trained again from its stored spec, figure by figure."""

    id: str
    run: str
    again: str
    """The run that trains again; `GET /v1/runs/{id}` follows it."""
    state: RunState
    reason: str | None
    created_at: datetime
    identical: bool | None
    """Whether every figure and every weight is the same; null while it cannot be said."""
    first_difference: DifferenceView | None
    """Also while the training goes on, as soon as there is one."""
    compared: ComparedView
    weights: WeightsView
    provenance_differences: dict[str, dict[str, Any]]
    """What was not the same beside the spec: versions, device, processor."""
    sentence: str


class RunView(View):
    """One training: one arm under one seed."""

    id: str
    experiment: str
    arm: str
    seed: int
    state: RunState
    step: int
    """The last step that is stored."""
    steps: int
    attempt: int
    """Times it was started; above 1 when a worker died or was asked to stop."""
    faults: int
    """Attempts that a fault of the machine ended, since it was queued or retried; at
    `TRIPLETLAB_MAX_ATTEMPTS` of them it fails."""
    reason: str | None
    """Why it failed, was cancelled, was queued again or stopped early, in words."""
    problem: RunProblem | None
    """What went wrong, where it failed or waits to be tried again."""
    not_before: datetime | None
    """Of a queued run that waits after a fault: when the wait ends."""
    trained_seconds: float
    """Seconds of training so far, resumed attempts added up: what `time_limit` bounds."""
    worker: str | None
    device: str
    cancel_requested: bool
    seconds_left: float | None
    """Of a running run, from the speed of this attempt."""
    waiting_for: str | None
    """Of a queued run: what must appear before it can start, where that is missing."""
    started_at: datetime | None
    finished_at: datetime | None
    weights_sha256: str | None
    provenance: dict[str, Any] | None


class EvaluationView(View):
    """One evaluation of a run on the validation or the test rows."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    split: str
    loss: float | None
    loss_per_row: float | None
    baseline_loss: float | None
    threshold: float | None
    """A pair is called a duplicate when its similarity is above it."""
    accuracy: float
    roc_auc: float | None
    average_precision: float | None
    predicted_positive: float
    positive_mean: float | None
    negative_mean: float | None
    pairs: int


class ScoresView(View):
    """Similarities of the test pairs after the last step, column by column."""

    row: list[int]
    label: list[int]
    score: list[float]
