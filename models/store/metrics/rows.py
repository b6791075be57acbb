"""All SQL of the metrics: write steps and evaluations, read them as series.

Writing is not fenced here: **the caller first calls `runs.advance` in the same transaction**. It
raises `StaleAttempt` for an attempt that lost its run, and holds the run against others meanwhile.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Subquery, and_, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from models.metrics import (
    ACTIVE,
    EVALUATION_METRICS,
    RESULT_METRICS,
    STEP_METRICS,
    EvaluationMetrics,
    StepMetrics,
)
from models.store.metrics.thinning import thin
from models.store.numeric_rows import nan_to_none, numeric_rows
from models.store.tables import Base, Evaluation, Run, Step

Series = dict[str, list[Any]]
Columns = dict[str, NDArray[Any]]

# Steps come by the hundred and are never made into objects: a row costs less past the ORM.
_STEPS = Base.metadata.tables[Step.__tablename__]
_EVALUATIONS = Base.metadata.tables[Evaluation.__tablename__]

LAST_STEP = 2**31 - 1  # the greatest that a column holds
PIECE = 10_000  # steps read at once: while they become an array, nothing else in the process runs


@dataclass(frozen=True, kw_only=True)
class StepRow(StepMetrics):
    """One training step as in the table `steps`; `active` has one share for each loss term."""

    step: int


@dataclass(frozen=True, kw_only=True)
class EvaluationRow(EvaluationMetrics):
    """One evaluation as in the table `evaluations`."""

    step: int
    split: str


def append_steps(session: Session, run_id: str, rows: Sequence[StepRow]) -> None:
    """Write steps of a run; what stood there for these steps is replaced."""
    if not rows:
        return
    # A connection that broke during COMMIT leaves the writer in doubt, so it writes again.
    numbers = [row.step for row in rows]
    again = _STEPS.c.step.between(min(numbers), max(numbers))
    session.execute(delete(_STEPS).where(_STEPS.c.run_id == run_id, again))
    session.execute(insert(_STEPS), [_step_values(run_id, row) for row in rows])


def _step_values(run_id: str, row: StepRow) -> dict[str, Any]:
    padded = (*row.active, *[None] * (len(ACTIVE) - len(row.active)))
    # not `asdict`: its copies of numbers were half of the time that a batch took
    values = {"run_id": run_id, **vars(row), **dict(zip(ACTIVE, padded, strict=True))}
    del values["active"]
    return values


def append_evaluation(session: Session, run_id: str, row: EvaluationRow) -> None:
    """Write one evaluation of a run; what stood there for this step and split is replaced."""
    same = (Evaluation.step == row.step, Evaluation.split == row.split)
    session.execute(delete(Evaluation).where(Evaluation.run_id == run_id, *same))
    session.execute(insert(Evaluation), [{"run_id": run_id, **vars(row)}])


def step_columns(
    session: Session,
    run_id: str,
    *,
    after: int = 0,
    until: int = LAST_STEP,
    max_points: int | None = None,
    metrics: Sequence[str] = (),
) -> Columns:
    """The steps above `after`, up to `until`, in columns (S,): `step`, and each of these
    `metrics`, NaN where there is no value; without them all there are, with `active_1`, … of its
    terms. A repeated name counts once.

    With `max_points` the series is thinned (see `thinning.thin`): first, last, every column's
    lowest and highest, and the extremes of the first metric in each stretch stay. A run of more
    than `PIECE` steps is read, and thinned, piece by piece.
    """
    chosen = (_STEPS.c.run_id == run_id, _STEPS.c.step > after, _STEPS.c.step <= until)
    names = ("step", *dict.fromkeys(metrics or _metrics_there(session, *chosen)))
    last = session.scalar(select(func.max(_STEPS.c.step)).where(*chosen)) or after
    starts = range(after, last, PIECE)
    share = None if max_points is None else math.ceil(max_points / max(len(starts), 1))
    query = select(*(_STEPS.c[name] for name in names))
    pieces = []
    for start in starts:
        end = min(start + PIECE, last)
        within = (_STEPS.c.run_id == run_id, _STEPS.c.step > start, _STEPS.c.step <= end)
        pieces.append(_thinned(numeric_rows(session, query.where(*within)), names, share))
    found = np.concatenate(pieces) if pieces else np.empty((0, len(names)))
    found = _thinned(found, names, max_points)
    by_column = dict(zip(names, np.ascontiguousarray(found.T), strict=True))
    return {**by_column, "step": by_column["step"].astype(np.int64)}


def steps_series(
    session: Session, run_id: str, *, after: int = 0, until: int = LAST_STEP
) -> Series:
    """All `step_columns` as lists, with None where there is no value."""
    columns = step_columns(session, run_id, after=after, until=until)
    return {
        name: column.tolist() if name == "step" else nan_to_none(column)
        for name, column in columns.items()
    }


def _thinned(
    found: NDArray[np.float64], names: Sequence[str], max_points: int | None
) -> NDArray[np.float64]:
    """The rows (S, M) of steps that `thin` keeps; the first column is the step."""
    if max_points is None or len(found) <= max_points:
        return found
    columns = dict(zip(names[1:], found.T[1:], strict=True))
    return found[thin(columns, guide=names[1], max_points=max_points)]


def _metrics_there(session: Session, *chosen: ColumnElement[bool]) -> list[str]:
    """All, but for shares of terms that the run's loss does not have: its newest step tells."""
    newest = select(_STEPS).where(*chosen).order_by(_STEPS.c.step.desc()).limit(1)
    row = session.execute(newest).mappings().first()
    there = {name for name in ACTIVE if row and row[name] is not None}
    return [name for name in STEP_METRICS if name not in ACTIVE[1:] or name in there]


def evaluations_of(session: Session, run_id: str) -> list[EvaluationRow]:
    """All evaluations of a run by step, then split."""
    names = ("step", "split", *EVALUATION_METRICS)
    query = (
        select(*(_EVALUATIONS.c[name] for name in names))
        .where(Evaluation.run_id == run_id)
        .order_by(Evaluation.step, Evaluation.split)
    )
    return [EvaluationRow(**row) for row in session.execute(query).mappings()]


def evaluation_series(
    session: Session, experiment_id: str, split: str, metrics: Sequence[str]
) -> dict[str, Series]:
    """Each run's evaluations on these rows in columns: `step`, and each metric; a run without one
    is not in it."""
    names = ("step", *metrics)
    query = (
        select(Evaluation.run_id, *(_EVALUATIONS.c[name] for name in names))
        .join(Run, Run.id == Evaluation.run_id)
        .where(Run.experiment_id == experiment_id, Evaluation.split == split)
        .order_by(Evaluation.run_id, Evaluation.step)
    )
    found: dict[str, Series] = {}
    for run_id, *values in session.execute(query):
        columns = found.setdefault(run_id, {name: [] for name in names})
        for name, value in zip(names, values, strict=True):
            columns[name].append(value)
    return found


def evaluation_counts(session: Session, run_ids: Sequence[str]) -> dict[str, int]:
    """How many evaluations each of these runs has, a few hundred at most; runs without one are left
    out."""
    query = (
        select(Evaluation.run_id, func.count())
        .where(Evaluation.run_id.in_(run_ids))
        .group_by(Evaluation.run_id)
    )
    return {run_id: count for run_id, count in session.execute(query)}


def final_metrics(session: Session, experiment_id: str) -> dict[str, dict[str, float]]:
    """Each run's metrics of each split, flat: `test.accuracy`, `validation.loss`, …

    Those of the weights that were kept (see `kept_steps`) or, until the test, the latest. A
    metric that a split does not have is left out; a run without evaluations has none.
    """
    tested = _tested(experiment_id)
    latest = (
        select(Evaluation.run_id, Evaluation.split, func.max(Evaluation.step).label("step"))
        .join(Run, Run.id == Evaluation.run_id)
        .outerjoin(tested, tested.c.run_id == Run.id)
        .where(Run.experiment_id == experiment_id)
        .where(or_(tested.c.step.is_(None), Evaluation.step <= tested.c.step))
        .group_by(Evaluation.run_id, Evaluation.split)
        .subquery()
    )
    same = and_(
        Evaluation.run_id == latest.c.run_id,
        Evaluation.split == latest.c.split,
        Evaluation.step == latest.c.step,
    )
    metrics = _for_each_run(session, experiment_id)
    columns = (_EVALUATIONS.c[name] for name in ("run_id", "split", *RESULT_METRICS))
    query = select(*columns).join_from(Evaluation, latest, same)
    for run_id, split, *values in session.execute(query):
        for name, value in zip(RESULT_METRICS, values, strict=True):
            if value is not None:
                metrics[run_id][f"{split}.{name}"] = value
    return metrics


def kept_steps(session: Session, experiment_id: str) -> dict[str, int]:
    """The step whose weights were kept, of each run that has been tested: the test is of them."""
    tested = _tested(experiment_id)
    rows = session.execute(select(tested.c.run_id, tested.c.step))
    return {row.run_id: row.step for row in rows}


def _tested(experiment_id: str) -> Subquery:
    return (
        select(Evaluation.run_id, Evaluation.step)
        .join(Run, Run.id == Evaluation.run_id)
        .where(Run.experiment_id == experiment_id, Evaluation.split == "test")
        .subquery()
    )


def curves(session: Session, experiment_id: str) -> dict[str, Series]:
    """Each run's `step`, `train.loss` and `validation.loss`, at the steps of its evaluations."""
    query = (
        select(Evaluation.run_id, Evaluation.step, _STEPS.c.loss, _EVALUATIONS.c.loss)
        .join(Run, Run.id == Evaluation.run_id)
        .join(Step, and_(Step.run_id == Evaluation.run_id, Step.step == Evaluation.step))
        .where(Run.experiment_id == experiment_id, Evaluation.split == "validation")
        .order_by(Evaluation.run_id, Evaluation.step)
    )
    series: dict[str, Series] = {
        run_id: {"step": [], "train.loss": [], "validation.loss": []}
        for run_id in _for_each_run(session, experiment_id)
    }
    for run_id, step, train, validation in session.execute(query):
        series[run_id]["step"].append(step)
        series[run_id]["train.loss"].append(train)
        series[run_id]["validation.loss"].append(validation)
    return series


def _for_each_run(session: Session, experiment_id: str) -> dict[str, dict[str, float]]:
    ids = session.scalars(
        select(Run.id).where(Run.experiment_id == experiment_id).order_by(Run.position)
    )
    return {run_id: {} for run_id in ids}
