"""Small experiments in the store, for tests that are about something else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.datasets.profile import Profile
from models.retry_policy import RetryPolicy
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.store import experiments
from models.store.datasets import add_dataset
from models.store.metrics import untrained
from models.store.metrics.rows import EvaluationRow, StepRow
from models.store.metrics.usage import Usage, write_usage
from models.store.run_life.log_lines import LogLevel, NumberedLine, write_lines
from models.store.run_life.run_problems import RunProblem
from models.store.tables import Dataset, Experiment, Run

from support.measured import measured_evaluation, measured_step

START = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = RetryPolicy(max_attempts=3, first_pause=5.0, longest_pause=8.0)

ARMS = [
    {"name": "vanilla", "loss": {"terms": [{"kind": "mean_negative"}]}},
    {"name": "modified", "loss": {"terms": [{"kind": "closest_negative"}]}},
]


def at(seconds: float) -> datetime:
    """A moment of the tests' own clock."""
    return START + timedelta(seconds=seconds)


def small_spec(**changes: Any) -> ExperimentSpec:
    document = {"dataset": "pairs", "arms": ARMS, "steps": 20, "seeds": {"count": 2}}
    return parse_spec({**document, **changes})


def profile(rows: int = 100) -> Profile:
    return Profile(
        rows=rows,
        duplicates=37,
        duplicate_share=37 / rows,
        empty_texts=1,
        distinct_texts=180,
        token_length_mean=11.5,
        token_length_median=10.0,
        token_length_p99=31.0,
        token_length_max=40,
        vocabulary_size=500,
        duplicate_groups=30,
        largest_group=5,
        false_negatives=2,
        in_order_test=4,
        in_order_shared=1,
    )


def stored_dataset(session: Session, name: str = "pairs", content: str = "c0ffee") -> Dataset:
    return add_dataset(session, name=name, content_hash=content, has_split=False, profile=profile())


def stored_experiment(
    session: Session,
    *,
    dataset: str = "pairs",
    idempotency_key: str | None = None,
    request_hash: str = "request",
    **changes: Any,
) -> Experiment:
    return experiments.create_experiment(
        session,
        spec=small_spec(dataset=dataset, **changes),
        dataset=stored_dataset(session, dataset),
        test_pairs=40,
        baseline_majority=0.63,
        baseline_collapsed=0.37,
        left_out_pairs=3,
        idempotency_key=idempotency_key,
        request_hash=request_hash,
    )


def stored_run(session: Session, **changes: Any) -> Run:
    """The first run of a new experiment."""
    return experiments.runs_of(session, stored_experiment(session, **changes).id)[0]


def step_row(step: int, *, loss: float = 1.0, active: tuple[float, ...] = (0.5,)) -> StepRow:
    metrics = measured_step(
        loss=loss,
        loss_per_row=loss / 256,
        s_ap_mean=0.8,
        s_an_mean=0.2,
        harder_share=0.1,
        masked_share=0.0,
        false_closest_share=0.25,
        gradient_norm=3.0,
        lr=0.01,
        active=active,
    )
    return StepRow(step=step, **metrics)


def evaluation_row(
    step: int, split: str = "validation", *, accuracy: float = 0.7, loss: float | None = 2.0
) -> EvaluationRow:
    metrics = measured_evaluation(
        loss=loss,
        loss_per_row=None if loss is None else loss / 256,
        baseline_loss=loss,
        threshold=0.7,
        accuracy=accuracy,
        roc_auc=0.8,
        average_precision=0.75,
        predicted_positive=0.4,
        positive_mean=0.9,
        negative_mean=0.3,
        pairs=40,
    )
    return EvaluationRow(step=step, split=split, **metrics)


def store_untrained(session: Session, run_id: str, accuracy: float) -> None:
    """What a run's network measured before its first step: this accuracy on the test pairs."""
    validation = evaluation_row(0, accuracy=0.5, loss=3.0)
    test = evaluation_row(0, "test", accuracy=accuracy, loss=None)
    rows = [replace(one, roc_auc=0.6, average_precision=0.55) for one in (validation, test)]
    untrained.replace(session, run_id, rows)


LOG = (
    (LogLevel.INFO, "attempt 1 started by worker wrk_1 on lab (slot 1, process 77)"),
    (
        LogLevel.INFO,
        "data set questions-generated prepared in 0.1 s: 1,000 training, 400 test pairs",
    ),
    (LogLevel.WARNING, "the database is away, trying again: connection refused"),
    (LogLevel.INFO, "evaluated after step 10 on validation: ROC-AUC 0.8000"),
)


def store_told(session: Session, run_id: str, attempt: int = 1) -> None:
    """What a run told of itself: the lines of `LOG`, and ten samples of what its process used."""
    lines = [
        NumberedLine(
            number=number, attempt=attempt, at=at(number), level=level, step=0, message=text
        )
        for number, (level, text) in enumerate(LOG, 1)
    ]
    write_lines(session, run_id, lines)
    samples = [
        Usage(seconds=2.0 * n, processors=0.9, memory=n * 50_000_000, gpu=None, gpu_memory=None)
        for n in range(1, 11)
    ]
    write_usage(session, run_id, attempt, samples, 0)


def fault_document(attempt: int = 1, step: int = 0) -> RunProblem:
    return RunProblem(
        type="urn:tripletlab:problem:disk-full",
        title="The disk is full",
        detail="OSError: No space left on device",
        attempt=attempt,
        step=step,
        cause="The data folder has no room.",
        advice="Free room.",
    )
