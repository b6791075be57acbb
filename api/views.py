"""What the service answers, apart from results: the form of each reply, with examples.

A view is made from rows inside the transaction and sent after it, so no reply touches SQL.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from models.states import RunState
from models.tables import Dataset

Item = TypeVar("Item")


class View(BaseModel):
    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(View, Generic[Item]):
    """A piece of a list; `next` is the `cursor` of the following piece, null on the last."""

    items: list[Item]
    next: str | None


class DatasetView(View):
    """A data set and what a person should know of it; texts are counted two a row."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "questions-generated",
                    "content_hash": "5f2a…",
                    "created_at": "2026-11-24T05:45:15Z",
                    "has_split": False,
                    "rows": 24000,
                    "duplicates": 8880,
                    "duplicate_share": 0.37,
                    "empty_texts": 0,
                    "distinct_texts": 41000,
                    "token_length_mean": 10.1,
                    "token_length_median": 10.0,
                    "token_length_p99": 17.0,
                    "token_length_max": 24,
                    "vocabulary_size": 1800,
                }
            ]
        }
    )

    name: str
    content_hash: str
    """SHA-256 of the rows: the same for every file format they may come in."""
    created_at: datetime
    has_split: bool
    """Whether the split `given` can be asked of it."""
    rows: int
    duplicates: int
    duplicate_share: float
    empty_texts: int
    distinct_texts: int
    token_length_mean: float
    token_length_median: float
    token_length_p99: float
    token_length_max: int
    vocabulary_size: int
    owner: str | None = None
    """Id of the API key that it was uploaded with."""

    @classmethod
    def of(cls, row: Dataset) -> "DatasetView":
        figures = {
            name: getattr(row, name) for name in cls.model_fields if name != "duplicate_share"
        }
        return cls(**figures, duplicate_share=row.duplicates / row.rows)


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
    reason: str | None
    """Why it failed, was cancelled or was queued again, in words."""
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


class ExperimentSummary(View):
    """An experiment in a list."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    runs: dict[RunState, int]
    """How many runs are in each state."""
    owner: str | None = None
    """Id of the API key that asked."""


class ExperimentView(View):
    """An experiment, to be polled: `wait` and `If-None-Match` make that cheap."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    progress: float
    """Share of all steps that are done, from 0 to 1; 1 also when every run has ended."""
    seconds_left: float | None
    """Until the last run ends, from the speed of the runs that go on now."""
    waiting_for: str | None
    """What a queued run needs and does not find: a live worker, or one with a CUDA device."""
    runs: list[RunView]
    spec: dict[str, Any]
    """The normalised spec: every default filled in."""
    owner: str | None = None
    """Id of the API key that asked."""


class DryRun(View):
    """What a spec would be, and would cost, if it were sent without `dry_run`."""

    spec: dict[str, Any]
    runs: int
    estimated_seconds: float
    estimate: str
    """How the seconds were estimated, in words."""
    test_pairs: int
    baselines: dict[str, float]


class RecipeView(View):
    name: str
    about: str
    spec: dict[str, Any]
    """Normalised: ready to be changed and sent."""


class EvaluationView(View):
    """One evaluation of a run on the validation or the test rows."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    split: str
    loss: float | None
    loss_per_row: float | None
    baseline_loss: float | None
    accuracy: float
    roc_auc: float | None
    average_precision: float | None
    predicted_positive: float
    positive_mean: float | None
    negative_mean: float | None
    pairs: int


class EventView(View):
    """Something that happened to an experiment, or to one of its runs."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    run_id: str | None
    at: datetime
    kind: str
    """`created`, `state`, `cancel_requested`, …"""
    from_state: RunState | None
    to_state: RunState | None
    attempt: int | None
    message: str | None


class ScoresView(View):
    """Similarities of the test pairs after the last step, column by column."""

    row: list[int]
    label: list[int]
    score: list[float]


class Readiness(View):
    """Each needed part: `ok`, or what is wrong with it; workers apart, since work may wait."""

    ready: bool
    parts: dict[str, str]
    live_workers: int
    cuda_workers: int
