"""The rows of an experiment as Arrow batches, one run or a few thousand steps at a time.

Each batch has its own session, so that a slow reader keeps no transaction open. Where the
experiment is deleted meanwhile, the stream breaks off and does not look complete.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyarrow as pa

from api.dependencies import Service
from api.exports.effect_table import EFFECTS, effect_rows
from models.abandonment import while_wanted
from models.errors import NotFound
from models.files.run_files import SCORES
from models.files.score_files import read_score_file, require_score_file
from models.metrics import EVALUATION_METRICS, RESULT_METRICS, STEP_METRICS
from models.metrics import Metric as MetricAbout
from models.specs.decision import Metric
from models.states import RunState
from models.store.experiments import experiment
from models.store.metrics.rows import evaluations_of, final_metrics, steps_series
from models.store.metrics.untrained import untrained_of_runs
from models.store.tables import Run

STEPS_AT_ONCE = 5000

_RUN = [("arm", pa.string()), ("seed", pa.int64()), ("run", pa.string())]
# at the end of each table, so that whoever counts columns finds the others where they were
_SETTING = [("setting", pa.int64()), ("tuning", pa.bool_())]
_UNTRAINED = [f"untrained.{metric}" for metric in get_args(Metric)]
_OF_RUN = {"arm": "arm", "seed": "seed", "run": "id", "setting": "setting", "tuning": "tuning"}
_METRICS = [f"{split}.{name}" for split in ("validation", "test") for name in RESULT_METRICS]
_MOMENT = pa.timestamp("us", "UTC")


class TableName(StrEnum):
    RUNS = "runs"
    STEPS = "steps"
    EVALUATIONS = "evaluations"
    SCORES = "scores"
    EFFECTS = "effects"


@dataclass(frozen=True)
class ExportTable:
    schema: pa.Schema
    batches: Callable[[Service, str, list[Run]], Iterator[dict[str, Any]]]
    """Columns of the schema, some rows at a time; a column that is missing is null."""


def record_batches(
    service: Service, experiment_id: str, runs: list[Run], name: TableName
) -> Iterator[pa.RecordBatch]:
    """Yield the table of these runs of the experiment, in their order."""
    table = TABLES[name]
    for columns in table.batches(service, experiment_id, runs):
        rows = len(next(iter(columns.values())))
        arrays = [
            pa.array(columns.get(field.name, [None] * rows), field.type) for field in table.schema
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def require_scores(service: Service, runs: list[Run]) -> None:
    """Raise `NotFound` where a run that succeeded has lost its file, and `DamagedRunFile` where it
    is torn or another.

    It is checked before a stream begins, while the reply can still be an error.
    """
    for run in while_wanted(filter(_has_scores, runs)):
        try:
            require_score_file(_scores(service, run))
        except FileNotFoundError:
            sentence = f"the scores of run {run.id} are not in this service's data folder"
            raise NotFound(sentence) from None


def _named(run: Run, rows: int) -> dict[str, Any]:
    return {name: [getattr(run, of)] * rows for name, of in _OF_RUN.items()}


def _runs(service: Service, experiment_id: str, runs: list[Run]) -> Iterator[dict[str, Any]]:
    with service.database.reading() as session:
        metrics = final_metrics(session, experiment_id)
        untrained = untrained_of_runs(session, experiment_id)
    own = ("state", "attempt", "step", "steps", "reason", "started_at")
    yield {
        **{name: [getattr(run, of) for run in runs] for name, of in _OF_RUN.items()},
        **{name: [getattr(run, name) for run in runs] for name in own},
        "finished_at": [run.finished_at for run in runs],
        "weights_sha256": [run.weights_sha256 for run in runs],
        **{name: [metrics.get(run.id, {}).get(name) for run in runs] for name in _METRICS},
        **{
            name: [untrained.get(run.id, {}).get(name.partition(".")[2]) for run in runs]
            for name in _UNTRAINED
        },
    }


def _steps(service: Service, experiment_id: str, runs: list[Run]) -> Iterator[dict[str, Any]]:
    for run in runs:
        for after in range(0, run.step, STEPS_AT_ONCE):
            with service.database.reading() as session:
                experiment(session, experiment_id)
                until = min(after + STEPS_AT_ONCE, run.step)
                series = steps_series(session, run.id, after=after, until=until)
            yield {**_named(run, len(series["step"])), **series}


def _evaluations(service: Service, experiment_id: str, runs: list[Run]) -> Iterator[dict[str, Any]]:
    names = ("step", "split", *EVALUATION_METRICS)
    for run in runs:
        with service.database.reading() as session:
            experiment(session, experiment_id)
            rows = evaluations_of(session, run.id)
        columns = {name: [getattr(row, name) for row in rows] for name in names}
        yield {**_named(run, len(rows)), **columns}


def _scores_of(service: Service, _experiment_id: str, runs: list[Run]) -> Iterator[dict[str, Any]]:
    for run in runs:
        if _has_scores(run):
            columns = read_score_file(_scores(service, run))
            label = columns.label.astype(np.int64)
            yield {**_named(run, len(label)), **columns._asdict(), "label": label}


def _has_scores(run: Run) -> bool:
    return run.state == RunState.SUCCEEDED and not run.tuning


def _scores(service: Service, run: Run) -> Path:
    return service.run_file(run.id, SCORES)


def _columns(metrics: Mapping[str, MetricAbout]) -> list[tuple[str, pa.DataType]]:
    types = {float: pa.float64(), int: pa.int64()}
    return [(name, types[metric.kind]) for name, metric in metrics.items()]


TABLES: dict[TableName, ExportTable] = {
    TableName.RUNS: ExportTable(
        pa.schema(
            [
                *_RUN,
                ("state", pa.string()),
                *((name, pa.int64()) for name in ("attempt", "step", "steps")),
                ("reason", pa.string()),
                ("started_at", _MOMENT),
                ("finished_at", _MOMENT),
                ("weights_sha256", pa.string()),
                *((name, pa.float64()) for name in _METRICS),
                *_SETTING,
                *((name, pa.float64()) for name in _UNTRAINED),
            ]
        ),
        _runs,
    ),
    TableName.STEPS: ExportTable(
        pa.schema([*_RUN, ("step", pa.int64()), *_columns(STEP_METRICS), *_SETTING]),
        _steps,
    ),
    TableName.EVALUATIONS: ExportTable(
        pa.schema(
            [
                *_RUN,
                ("step", pa.int64()),
                ("split", pa.string()),
                *_columns(EVALUATION_METRICS),
                *_SETTING,
            ]
        ),
        _evaluations,
    ),
    TableName.SCORES: ExportTable(
        pa.schema(
            [
                *_RUN,
                ("row", pa.int64()),
                ("label", pa.int64()),
                ("score", pa.float32()),
                *_SETTING,
            ]
        ),
        _scores_of,
    ),
    TableName.EFFECTS: ExportTable(EFFECTS, effect_rows),
}
