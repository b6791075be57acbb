"""What the service answers, apart from results: the form of each reply, with examples.

A view is made from rows inside the transaction and sent after it, so no reply touches SQL.
"""

from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from models.run_problems import RunProblem
from models.states import LookState, RunState
from models.tables import Dataset
from models.verdict import Verdict

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
                    "duplicate_groups": 7900,
                    "largest_group": 12,
                    "false_negatives": 40,
                    "in_order_test": 793,
                    "in_order_shared": 210,
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
    duplicate_groups: int | None
    """Sets of two or more distinct texts that pairs labelled duplicate join; null, as each of the
    following, for a data set from before these were counted."""
    largest_group: int | None
    """Distinct texts in the largest of them."""
    false_negatives: int | None
    """Pairs labelled as no duplicates, although duplicate pairs join their questions."""
    in_order_test: int | None
    """Test pairs of the in-order split: 10,240 after 300,000, or in proportion where fewer."""
    in_order_shared: int | None
    """How many of these have a question that is in a duplicate pair of the training rows too."""
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


class LookView(View):
    """One planned look of an experiment that adds seeds until its verdict is decided."""

    number: int
    """Counted from 1."""
    pairs: int
    """Seeds at this look."""
    level: float
    """Nominal two-sided level of its tests; the planned looks together keep the whole error."""
    spent: float
    """What of the error of one comparison is spent once this look has been taken."""
    state: LookState
    taken_at: datetime | None = None


class VerdictView(View):
    """One arm against the baseline in a list; the results document has the figures."""

    a: str
    b: str
    verdict: Verdict
    mean_difference: float | None
    """a - b in the metric that decides."""


class ExperimentSummary(View):
    """An experiment in a list."""

    id: str
    name: str
    state: RunState
    dataset: str
    created_at: datetime
    runs: dict[RunState, int]
    """How many runs are in each state."""
    arms: list[str]
    progress: float
    """Share of all steps that are done, as in the experiment itself."""
    metric: str
    """The one that decides."""
    verdicts: list[VerdictView]
    """Each arm against the baseline (`b`), once the experiment has ended or a look has judged."""
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
    """Share of all steps that are done, from 0 to 1; 1 also when every run has ended. Of as many
    runs as there may be, while a look may still add some."""
    seconds_left: float | None
    """Until the last run of now ends, from the speed of the runs that go on."""
    waiting_for: str | None
    """What a queued run needs and does not find: a live worker, or one with a CUDA device."""
    runs: list[RunView]
    plan: list[LookView]
    """The looks at the verdict, where seeds are added until it is decided; else empty."""
    spec: dict[str, Any]
    """The normalised spec: every default filled in."""
    owner: str | None = None
    """Id of the API key that asked."""


class DryRun(View):
    """What a spec would be, and would cost, if it were sent without `dry_run`."""

    spec: dict[str, Any]
    runs: int
    """Runs there are at most."""
    runs_at_least: int
    """Runs before the verdict may be decided; as many as `runs` for a fixed number of seeds."""
    plan: list[LookView]
    """The looks at the verdict, where seeds are added until it is decided; else empty."""
    estimated_seconds: float
    estimate: str
    """How the seconds were estimated, in words."""
    test_pairs: int
    left_out_pairs: int
    """Pairs that the split leaves out, since their questions lie in different parts."""
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
    threshold: float | None
    """A pair is called a duplicate when its similarity is above it."""
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
