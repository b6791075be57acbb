"""The tables. Metrics are columns, not JSON, so that people can query them with SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.comparison.lines import Lines, chance_levels, lines_of
from models.metrics import EVALUATION_METRICS, STEP_METRICS

# `Base` is exported from here, so that its metadata has every table
from models.store.run_tables import LogLine as LogLine
from models.store.run_tables import UsageSample as UsageSample
from models.store.table_base import Base as Base
from models.store.table_base import RowNumber, with_metrics
from models.store.upload_tables import Dataset as Dataset
from models.store.upload_tables import ExperimentModel as ExperimentModel
from models.store.upload_tables import ExperimentVectors as ExperimentVectors
from models.store.upload_tables import PretrainedModel as PretrainedModel
from models.store.upload_tables import TokenVectors as TokenVectors
from models.store.webhook_tables import Delivery as Delivery
from models.store.webhook_tables import Webhook as Webhook


class Experiment(Base):
    """A spec that is carried out; its state follows from its runs and is not stored."""

    __tablename__ = "experiments"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    spec: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    # of what was sent under the key, so that reusing the key for something else is noticed
    request_hash: Mapped[str] = mapped_column(String(64))
    test_pairs: Mapped[int]
    # accuracies of two models that need no training, to stand beside every accuracy
    baseline_majority: Mapped[float]
    baseline_collapsed: Mapped[float]
    # rows that the split left out since they join its parts; null: older than this count
    left_out_pairs: Mapped[int | None]
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that asked
    tf_idf: Mapped[dict[str, Any] | None]  # its metrics by name; null until a run has begun
    # arm -> metrics by name, of the token vectors that arms start from; as their runs begin
    zero_shot: Mapped[dict[str, Any] | None]

    @property
    def lines(self) -> Mapping[str, Lines]:
        """What metrics of its pairs are without any network, by their names."""
        levels = chance_levels(self.baseline_majority, self.baseline_collapsed)
        return lines_of(levels, self.tf_idf or {})


class Run(Base):
    """One arm under one seed, and under one setting where arms are tuned."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("experiment_id", "arm", "setting", "seed"),
        Index("ix_runs_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    experiment_id: Mapped[str] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    position: Mapped[int]  # order of queueing inside the experiment
    arm: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int]
    device: Mapped[str] = mapped_column(String(8))  # as asked: auto, cpu, cuda
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(default=0)
    step: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(Text)
    worker_id: Mapped[str | None] = mapped_column(String(40))
    submitted_at: Mapped[datetime]  # when its last message was sent
    started_at: Mapped[datetime | None]  # of this attempt
    started_step: Mapped[int] = mapped_column(default=0)  # the step this attempt went on from
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    weights_sha256: Mapped[str | None] = mapped_column(String(64))
    provenance: Mapped[dict[str, Any] | None]
    # attempts that a fault of the machine ended; an orderly release is not one
    faults: Mapped[int] = mapped_column(default=0, server_default="0")
    not_before: Mapped[datetime | None]  # queued: not to be claimed before this time, after a fault
    problem: Mapped[dict[str, Any] | None]  # a `RunProblem`: failed, or queued after a fault
    # since it was queued first, or by a person: what `time_limit` bounds
    trained_seconds: Mapped[float] = mapped_column(default=0.0, server_default="0")
    # queued by a person to begin anew: the next attempt removes its checkpoints
    anew: Mapped[bool] = mapped_column(default=False, server_default=false())
    # which of the spec's planned settings it is trained under; 0 where nothing is tuned
    setting: Mapped[int] = mapped_column(default=0, server_default="0")
    # it serves to choose a setting, is never tested, and is part of no comparison
    tuning: Mapped[bool] = mapped_column(default=False, server_default=false())
    # it starts from a pretrained model, so its worker needs the extra
    pretrained: Mapped[bool] = mapped_column(default=False, server_default=false())


@with_metrics(STEP_METRICS)
class Step(Base):
    """One training step. Its metrics are columns too, as `models.metrics` declares them."""

    __tablename__ = "steps"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


@with_metrics(EVALUATION_METRICS)
class Evaluation(Base):
    """One evaluation of a run after a step, on the validation or the test rows. Its metrics are
    columns too, as `models.metrics` declares them."""

    __tablename__ = "evaluations"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    split: Mapped[str] = mapped_column(String(16), primary_key=True)


@with_metrics(EVALUATION_METRICS)
class Untrained(Base):
    """What a run's network measures before its first step; no row: it came to no evaluation, or is
    older than this table."""

    __tablename__ = "untrained"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    split: Mapped[str] = mapped_column(String(16), primary_key=True)


class Event(Base):
    """What happened to an experiment or a run, in order; removed only with the experiment."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), index=True
    )
    run_id: Mapped[str | None] = mapped_column(
        ForeignKey("runs.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))  # of `EventView`
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    attempt: Mapped[int | None]
    message: Mapped[str | None] = mapped_column(Text)


class Look(Base):
    """An interim look, planned before the first run: when it is taken, and at which level."""

    __tablename__ = "looks"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    pairs: Mapped[int]  # seeds at this look
    level: Mapped[float]  # nominal two-sided level of its tests
    spent: Mapped[float]  # of the error of one comparison, once it has been taken
    state: Mapped[str] = mapped_column(String(16))  # planned, taken, dropped
    taken_at: Mapped[datetime | None]
    # it ends the plan where the last look would stay undecided with a greater chance; null: never
    futile_above: Mapped[float | None]
    # that chance, as it was computed when the look was taken: the least of the open comparisons
    stays_undecided: Mapped[float | None]
    # when a person asked for seeds up to this look, after an earlier one had ended the plan
    asked_at: Mapped[datetime | None]


class LookVerdict(Base):
    """The verdict of a look on one arm against the baseline, or one effect, as it was then."""

    __tablename__ = "look_verdicts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["experiment_id", "number"],
            ["looks.experiment_id", "looks.number"],
            ondelete="CASCADE",
        ),
    )

    experiment_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    arm: Mapped[str] = mapped_column(String(64), primary_key=True)  # or an effect: `mask=kept`
    pairs: Mapped[int]  # seeds that had succeeded in both arms, or all cells of the effect
    mean_difference: Mapped[float | None]  # the arm minus the baseline
    sign_flip_p: Mapped[float | None]
    equivalence_p: Mapped[float | None]
    verdict: Mapped[str] = mapped_column(String(16))
    sentence: Mapped[str] = mapped_column(Text)


class Tuning(Base):
    """The choice of each arm's setting, planned with an experiment that tunes."""

    __tablename__ = "tunings"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(String(16))  # a `TuningState`
    chosen_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)  # failed: why, and what to do


class TuningChoice(Base):
    """The setting that was chosen for one arm, which its runs of the comparison have."""

    __tablename__ = "tuning_choices"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("tunings.experiment_id", ondelete="CASCADE"), primary_key=True
    )
    arm: Mapped[str] = mapped_column(String(64), primary_key=True)
    # the seed of the comparison that it was chosen for; -1: for all of them
    seed: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    setting: Mapped[int]
    mean: Mapped[float]  # of the validation metric that chose, over the tuning seeds


class Study(Base):
    """One question asked on several data sets: a name for experiments that belong together."""

    __tablename__ = "studies"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    planned: Mapped[bool]  # whether its experiments were made with it, or joined afterwards
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    request_hash: Mapped[str] = mapped_column(String(64))  # as that of an experiment
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that asked


class StudyMember(Base):
    """One data set of a study. It stays when its experiment is deleted, so that nobody can take
    away a result unseen."""

    __tablename__ = "study_members"

    study_id: Mapped[str] = mapped_column(
        ForeignKey("studies.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dataset: Mapped[str] = mapped_column(String(100))  # its name
    experiment_id: Mapped[str | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="SET NULL"), index=True
    )


class Programme(Base):
    """A sequence of questions with one budget of errors. It is never removed: its budget is spent
    also where its experiments are deleted."""

    __tablename__ = "programmes"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    confidence: Mapped[float]  # 1 - the share of its discoveries that may be false
    created_at: Mapped[datetime]
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that asked first


class ProgrammeQuestion(Base):
    """An experiment of a programme, and the level that it was given before its first run."""

    __tablename__ = "programme_questions"

    programme: Mapped[str] = mapped_column(ForeignKey("programmes.name"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[float]
    # null: it was deleted, and what it spent or earned stays
    experiment_id: Mapped[str | None] = mapped_column(
        ForeignKey("experiments.id", ondelete="SET NULL"), unique=True
    )
    outcome: Mapped[str] = mapped_column(String(16))  # open, discovery, nothing
    # how many questions had been asked when its outcome became known; null while it is open
    known_after: Mapped[int | None]


class ExperimentTag(Base):
    """A word that a person gave an experiment, to find it again among others."""

    __tablename__ = "experiment_tags"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)


class ExperimentNotes(Base):
    """What a person wrote about an experiment; no row where nobody did."""

    __tablename__ = "experiment_notes"

    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    notes: Mapped[str] = mapped_column(Text)


class Worker(Base):
    """A worker and what it has; alive while its heartbeat is young."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    slots: Mapped[int]
    cuda_devices: Mapped[int]
    # whether it has the extra `pretrained`
    pretrained: Mapped[bool] = mapped_column(default=False, server_default=false())
    draining: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]


class Reproduction(Base):
    """A run trained again, to see whether every value comes out the same.

    The second training is the only run of an experiment of its own, which is listed nowhere, so no
    query about the first experiment ever sees it.
    """

    __tablename__ = "reproductions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    experiment_id: Mapped[str] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), unique=True
    )
    created_at: Mapped[datetime]


class Prediction(Base):
    """Pairs of questions for a run to compare, and the answer; kept for an hour."""

    __tablename__ = "predictions"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    owner: Mapped[str | None] = mapped_column(String(40))  # the API key that asked
    pairs: Mapped[list[Any]]  # of two texts each
    attempt: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None] = mapped_column(String(40))  # whose process answers it
    answered_at: Mapped[datetime | None]
    threshold: Mapped[float | None]
    similarities: Mapped[list[Any] | None]  # one for each pair; null where `reason` says why
    unknown_words: Mapped[list[Any] | None]  # a list of words for each pair, as `similarities`
    reason: Mapped[str | None] = mapped_column(Text)


class ApiKey(Base):
    """The digest of an API key, never the key itself. Its row is never removed, even when revoked,
    since rows of its owner refer to it."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who changed what. An entry never changes, and outlives its subject."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    key_id: Mapped[str | None] = mapped_column(String(40))  # null: without a key, from loopback
    key_name: Mapped[str | None] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(100), index=True)
