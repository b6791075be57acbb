"""A metric that is declared is everywhere: in events, rows, tables, replies, exports; and what is
said of single metrics elsewhere is said of declared ones."""

import re
from dataclasses import fields
from typing import Any, get_args

import pyarrow as pa
import pytest

from api.app import create_app
from api.exports.picture_data import DRAWN_OF_STEPS, DRAWN_OF_VALIDATION
from api.exports.tables import TABLES, TableName
from api.runs.metrics import list_metrics
from models.comparison.families import SECONDARY
from models.comparison.rule import is_loss
from models.comparison.run_statistics import RESAMPLED
from models.metrics import (
    ACTIVE,
    EVALUATION_METRICS,
    RESULT_METRICS,
    STEP_METRICS,
    BatchMetrics,
    declared,
)
from models.result_words import WRITTEN, metric_words
from models.settings import Settings
from models.specs.decision import Metric
from models.specs.training import EarlyStop
from models.store.metrics.rows import EvaluationRow, StepRow
from models.store.table_base import Base
from models.store.tables import Evaluation, Step, Untrained
from worker.attempts.divergence_report import GAUGES
from worker.training.events import Evaluated, StepDone

from support.project import ROOT

# what has been published keeps its name and its place among the others
STEPS = """loss loss_per_row s_ap_mean s_an_mean harder_share masked_share false_closest_share
    gradient_norm lr active_1 active_2 active_3 active_4 active_5 active_6 active_7 active_8"""
EVALUATIONS = """loss loss_per_row baseline_loss threshold accuracy roc_auc average_precision
    predicted_positive positive_mean negative_mean pairs"""

BY_STEP = [name for name in STEP_METRICS if name not in ACTIVE]


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def test_what_has_been_published_keeps_its_name_and_its_order() -> None:
    for published, metrics in ((STEPS, STEP_METRICS), (EVALUATIONS, EVALUATION_METRICS)):
        names = published.split()
        assert [name for name in metrics if name in names] == names


@pytest.mark.parametrize("form", [StepDone, StepRow])
def test_a_step_has_every_metric_from_the_training_to_the_store(form: Any) -> None:
    assert {field.name for field in fields(form)} == {"step", "active", *BY_STEP}


@pytest.mark.parametrize("form", [Evaluated, EvaluationRow])
def test_an_evaluation_has_every_metric_from_the_training_to_the_store(form: Any) -> None:
    assert {field.name for field in fields(form)} == {"step", "split", *EVALUATION_METRICS}


@pytest.mark.parametrize(
    ("table", "keys", "metrics"),
    [
        (Step, ["run_id", "step"], STEP_METRICS),
        (Evaluation, ["run_id", "step", "split"], EVALUATION_METRICS),
        (Untrained, ["run_id", "split"], EVALUATION_METRICS),
    ],
)
def test_a_table_has_a_column_for_every_metric(table: type[Base], keys: Any, metrics: Any) -> None:
    columns = table.__table__.columns
    assert columns.keys() == [*keys, *metrics]
    for name, metric in metrics.items():
        assert columns[name].nullable == metric.nullable, name
        assert columns[name].type.python_type is metric.kind, name


def test_a_reply_describes_every_metric(openapi: dict[str, Any]) -> None:
    schemas = openapi["components"]["schemas"]
    steps, evaluation = schemas["StepsView"], schemas["EvaluationView"]
    assert list(steps["properties"]) == ["step", *STEP_METRICS]
    assert list(evaluation["properties"]) == ["step", "split", *EVALUATION_METRICS]
    assert evaluation["required"] == ["step", "split", *EVALUATION_METRICS]
    for name, metric in STEP_METRICS.items():
        assert steps["properties"][name]["description"] == metric.description
    for name, metric in EVALUATION_METRICS.items():
        schema = evaluation["properties"][name]
        kinds = [one["type"] for one in schema.get("anyOf", [schema])]
        assert ("null" in kinds) == metric.nullable, name
        assert schema["description"] == metric.description


def test_every_metric_of_a_step_can_be_asked_for_alone(openapi: dict[str, Any]) -> None:
    parameters = openapi["paths"]["/v1/runs/{run_id}/steps"]["get"]["parameters"]
    (asked,) = [one["schema"] for one in parameters if one["name"] == "figures"]
    assert asked["items"]["enum"] == list(STEP_METRICS)


def test_an_export_has_a_column_for_every_metric() -> None:
    schemas = {name: table.schema for name, table in TABLES.items()}
    run, last = ["arm", "seed", "run"], ["setting", "tuning"]
    assert schemas[TableName.STEPS].names == [*run, "step", *STEP_METRICS, *last]
    evaluations = [*run, "step", "split", *EVALUATION_METRICS, *last]
    assert schemas[TableName.EVALUATIONS].names == evaluations
    summed_up = [name for name in EVALUATION_METRICS if name not in ("pairs", "queries")]
    assert list(RESULT_METRICS) == summed_up
    splits = [f"{split}.{name}" for split in ("validation", "test") for name in summed_up]
    runs = schemas[TableName.RUNS].names
    first = runs.index(splits[0])
    before, untrained = runs[first : first + len(splits) + 2], runs[first + len(splits) + 2 :]
    assert before == [*splits, *last]
    assert {name.partition(".")[0] for name in untrained} == {"untrained"}
    types = {float: pa.float64(), int: pa.int64()}
    for name, metric in EVALUATION_METRICS.items():
        assert schemas[TableName.EVALUATIONS].field(name).type == types[metric.kind]


def test_the_list_that_the_page_reads_has_every_metric() -> None:
    listed = list_metrics()
    assert [one.name for one in listed.steps] == list(STEP_METRICS)
    assert [one.name for one in listed.evaluations] == list(EVALUATION_METRICS)


def test_a_label_stands_inside_a_sentence_and_a_description_is_one() -> None:
    for metric in (*STEP_METRICS.values(), *EVALUATION_METRICS.values()):
        names = ("ROC", "F1", "Matthews", "MRR@", "MAP@", "Spearman", "Pearson")
        assert metric.label[0].islower() or metric.label.startswith(names), metric.label
        assert not metric.label.endswith("."), metric.label
        assert metric.description.endswith("."), metric.description


def test_the_page_writes_a_metric_as_sentences_do() -> None:
    script = (ROOT / "api/web/js/format.js").read_text(encoding="utf-8")
    listed = script.partition("const WRITTEN = {")[2].partition("}")[0]
    assert dict(re.findall(r'(\w+): "([^"]+)"', listed)) == WRITTEN
    assert WRITTEN.keys() <= EVALUATION_METRICS.keys()
    assert metric_words("test.mrr_at_10") == "test MRR@10"
    assert metric_words("validation.baseline_loss") == "validation baseline loss"


def test_what_is_said_of_single_metrics_is_said_of_declared_ones() -> None:
    decided_by = [*get_args(Metric), *get_args(EarlyStop.model_fields["metric"].annotation)]
    for name in (*decided_by, *SECONDARY, *RESAMPLED):
        split, _, metric = name.partition(".")
        assert split in EVALUATION_METRICS[metric].splits, name
        assert EVALUATION_METRICS[metric].better is not None, name
        assert is_loss(name) == (EVALUATION_METRICS[metric].better == "lower"), name
    assert set(GAUGES) <= {*declared(BatchMetrics), "gradient_norm"}
    assert set(DRAWN_OF_STEPS) <= STEP_METRICS.keys()
    assert DRAWN_OF_VALIDATION.keys() <= EVALUATION_METRICS.keys()
    charts = (ROOT / "api/web/js/views/experiment/collapse.js").read_text(encoding="utf-8")
    drawn = re.findall(r'\["[^"]*", "(\w+)"\]', charts)
    assert drawn
    assert set(drawn) <= STEP_METRICS.keys()
