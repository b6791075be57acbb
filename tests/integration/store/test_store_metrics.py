"""Metrics in the store: what is appended is read back, in columns, thinned, and summed up."""

import math
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from sqlalchemy import select

from models.metrics import ACTIVE, EVALUATION_METRICS, STEP_METRICS
from models.store.database import Database
from models.store.experiments import runs_of
from models.store.metrics.rows import (
    EvaluationRow,
    append_evaluation,
    append_steps,
    curves,
    evaluations_of,
    final_metrics,
    kept_steps,
    step_columns,
    steps_series,
)
from models.store.run_life.runs import begin_from, claim
from models.store.tables import Step

from support.stored import at, evaluation_row, step_row, stored_experiment, stored_run


def test_steps_are_read_back_as_columns(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(
            session,
            run_id,
            [
                step_row(1, loss=128.0, active=(1.0, 0.5)),
                step_row(2, loss=1 / 3, active=(0.0, 1.0)),
            ],
        )
    with database.reading() as session:
        series = steps_series(session, run_id)
    assert {type(step) for step in series["step"]} == {int}
    assert list(series) == ["step", *(name for name in STEP_METRICS if name not in ACTIVE[2:])]
    assert (
        series.items()
        >= {
            "step": [1, 2],
            "loss": [128.0, 1 / 3],  # to the last bit
            "loss_per_row": [0.5, 1 / 768],
            "s_ap_mean": [0.8, 0.8],
            "s_an_mean": [0.2, 0.2],
            "harder_share": [0.1, 0.1],
            "masked_share": [0.0, 0.0],
            "false_closest_share": [0.25, 0.25],
            "gradient_norm": [3.0, 3.0],
            "lr": [0.01, 0.01],
            "active_1": [1.0, 0.0],
            "active_2": [0.5, 1.0],
        }.items()
    )


def test_a_loss_of_eight_terms_has_eight_active_shares(database: Database) -> None:
    shares = tuple(index / 8 for index in range(8))
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(1, active=shares)])
        series = steps_series(session, run_id)
    assert tuple(series[f"active_{number}"][0] for number in range(1, 9)) == shares


def test_every_number_is_stored_to_its_last_bit(database: Database) -> None:
    """One row is as wide as a row can be, the other has no shares but one: nulls are nulls."""
    odd = (1e-310, 0.0, 2.0**60 + 2**8, math.pi, math.inf, -1e300, 5e-324, 1 / 3, 0.1)
    names = [name for name in STEP_METRICS if name not in ACTIVE]
    expected: dict[str, Any] = dict(zip(names, cycle(odd), strict=False))
    wide = replace(step_row(1, active=odd[:8]), **expected)
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(2), wide])
    with database.reading() as session:
        first, second = session.scalars(select(Step).order_by(Step.step))
        for name, value in expected.items():
            assert getattr(first, name) == value, name
        assert (first.run_id, first.step) == (run_id, 1)
        assert tuple(getattr(first, name) for name in ACTIVE) == odd[:8]
        assert [getattr(second, name) for name in ACTIVE] == [0.5, *[None] * 7]


def test_what_is_no_number_is_read_as_none(database: Database) -> None:
    """SQLite stores NaN as null, PostgreSQL as NaN."""
    with database.transaction() as session:
        run_id = stored_run(session).id
        none = replace(step_row(2), false_closest_share=math.nan)
        append_steps(session, run_id, [step_row(1), none, step_row(3, loss=math.inf)])
        series = steps_series(session, run_id)
        [unused] = step_columns(session, run_id, after=2, metrics=["active_8"])["active_8"]
    assert series["false_closest_share"] == [0.25, None, 0.25]
    assert series["loss"] == [1.0, 1.0, math.inf]
    assert math.isnan(unused)


def test_more_shares_than_a_loss_has_terms_are_refused(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        with pytest.raises(ValueError, match="longer"):
            append_steps(session, run_id, [step_row(1, active=(0.5,) * 9)])
        assert steps_series(session, run_id)["step"] == []


def test_appending_no_steps_is_no_error(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [])
        assert steps_series(session, run_id)["step"] == []


def test_a_writer_in_doubt_may_write_the_same_metrics_again(database: Database) -> None:
    with database.transaction() as session:
        run_id, other = stored_run(session).id, stored_run(session).id
        for each in (run_id, other):
            append_steps(session, each, [step_row(step, loss=1.0) for step in range(1, 6)])
            for split in ("validation", "test"):
                append_evaluation(session, each, evaluation_row(5, split, accuracy=0.5))
    with database.transaction() as session:
        append_steps(session, run_id, [step_row(step, loss=2.0) for step in (3, 4)])
        append_evaluation(session, run_id, evaluation_row(5, "test", accuracy=0.9))
    with database.reading() as session:
        assert steps_series(session, run_id)["loss"] == [1.0, 1.0, 2.0, 2.0, 1.0]
        assert [row.accuracy for row in evaluations_of(session, run_id)] == [0.9, 0.5]
        assert steps_series(session, other)["loss"] == [1.0] * 5
        assert [row.accuracy for row in evaluations_of(session, other)] == [0.5, 0.5]


def test_a_reader_asks_for_the_steps_it_has_not_seen(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_steps(session, run_id, [step_row(step) for step in (3, 1, 2, 4)])
        assert steps_series(session, run_id, after=2)["step"] == [3, 4]
        assert steps_series(session, run_id, after=4)["step"] == []


def test_a_thinned_series_keeps_its_spike_and_its_ends(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        rows = [step_row(step, loss=99.0 if step == 567 else 1.0) for step in range(1, 1001)]
        append_steps(session, run_id, rows)
        series = step_columns(session, run_id, max_points=60)
        tail = step_columns(session, run_id, after=900, max_points=100)
    assert len(series["step"]) <= 60
    assert {1, 567, 1000} <= set(series["step"])
    assert max(series["loss"]) == 99.0
    assert {len(column) for column in series.values()} == {len(series["step"])}
    assert tail["step"].tolist() == list(range(901, 1001))


def test_a_series_of_one_metric_is_thinned_by_that_metric(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        rows = [
            replace(step_row(step), gradient_norm=7.0 if step == 567 else 1.0)
            for step in range(1, 1001)
        ]
        append_steps(session, run_id, rows)
        series = step_columns(session, run_id, max_points=20, metrics=["gradient_norm"])
        empty = step_columns(session, run_id, after=1000, metrics=["lr"])
    assert set(series) == {"step", "gradient_norm"}
    assert len(series["step"]) <= 20
    assert max(series["gradient_norm"]) == 7.0
    assert {name: column.tolist() for name, column in empty.items()} == {"step": [], "lr": []}


def test_an_evaluation_is_read_back_metric_by_metric(database: Database) -> None:
    values: dict[str, Any] = {
        name: 1 / number for number, name in enumerate(EVALUATION_METRICS, start=2)
    }
    values |= {"roc_auc": None, "negative_mean": None, "pairs": 2048, "queries": 64}
    row = EvaluationRow(step=100, split="validation", **values)
    with database.transaction() as session:
        run_id = stored_run(session).id
        append_evaluation(session, run_id, row)
    with database.reading() as session:
        [stored] = evaluations_of(session, run_id)
    assert stored == row


def test_evaluations_come_in_order_of_steps(database: Database) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        for step, split in ((20, "validation"), (10, "validation"), (20, "test")):
            append_evaluation(session, run_id, evaluation_row(step, split))
        found = [(row.step, row.split) for row in evaluations_of(session, run_id)]
    assert found == [(10, "validation"), (20, "test"), (20, "validation")]


def test_final_metrics_are_the_latest_of_each_split_of_each_run(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        first, second = (run.id for run in runs_of(session, made.id))
        stranger = stored_run(session).id
        for run_id, accuracy in ((first, 0.7), (second, 0.6), (stranger, 0.1)):
            append_evaluation(session, run_id, evaluation_row(10, accuracy=0.5, loss=9.0))
            append_evaluation(session, run_id, evaluation_row(20, accuracy=accuracy, loss=4.0))
        append_evaluation(session, first, evaluation_row(20, "test", accuracy=0.8, loss=None))
    with database.reading() as session:
        final = final_metrics(session, made.id)
    assert set(final) == {first, second}
    assert final[first]["test.accuracy"] == 0.8
    assert (final[first]["validation.accuracy"], final[first]["validation.loss"]) == (0.7, 4.0)
    assert "test.loss" not in final[first]
    assert final[second]["validation.accuracy"] == 0.6
    assert not any(name.startswith("test.") for name in final[second])


def test_final_metrics_are_of_the_weights_that_were_kept(database: Database) -> None:
    """The test is of them, and so is the validation at its step; later ones were not kept."""
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        first, second = (run.id for run in runs_of(session, made.id))
        for run_id in (first, second):
            for step in (10, 20, 30):
                append_evaluation(session, run_id, evaluation_row(step, loss=float(step)))
        append_evaluation(session, first, evaluation_row(20, "test", accuracy=0.8, loss=None))
    with database.reading() as session:
        final, kept = final_metrics(session, made.id), kept_steps(session, made.id)
    assert final[first]["validation.loss"] == 20.0
    assert final[first]["test.accuracy"] == 0.8
    assert final[second]["validation.loss"] == 30.0
    assert kept == {first: 20}


def test_a_repeated_attempt_has_its_test_before_it(database: Database) -> None:
    """The weights that were tested may be older than the checkpoint that it goes on from."""
    with database.transaction() as session:
        made = stored_run(session)
        claim(session, made.id, worker_id="wrk_t", cuda=False, now=at(0))
        append_evaluation(session, made.id, evaluation_row(10))
        append_evaluation(session, made.id, evaluation_row(10, "test", loss=None))
        begin_from(session, made.id, 1, 15, at(1))
        found = [(row.step, row.split) for row in evaluations_of(session, made.id)]
    assert found == [(10, "validation")]


def test_a_run_that_was_not_evaluated_yet_has_no_final_metrics(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        first, second = (run.id for run in runs_of(session, made.id))
        append_steps(session, first, [step_row(1)])
        assert final_metrics(session, made.id) == {first: {}, second: {}}


def test_curves_have_both_losses_at_the_steps_of_evaluations(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 1})
        first, second = (run.id for run in runs_of(session, made.id))
        append_steps(session, first, [step_row(step, loss=100 - step) for step in range(1, 21)])
        for step in (20, 10):
            append_evaluation(session, first, evaluation_row(step, loss=step / 10))
        append_evaluation(session, first, evaluation_row(20, "test", loss=None))
        found = curves(session, made.id)
    empty: dict[str, list[float]] = {"step": [], "train.loss": [], "validation.loss": []}
    assert found == {
        first: {"step": [10, 20], "train.loss": [90, 80], "validation.loss": [1.0, 2.0]},
        second: empty,
    }


def test_a_repeated_attempt_may_write_the_steps_after_its_checkpoint_again(
    database: Database,
) -> None:
    with database.transaction() as session:
        run_id = stored_run(session).id
        assert claim(session, run_id, worker_id="w", cuda=False, now=at(1))
        append_steps(session, run_id, [step_row(step, loss=1.0) for step in (1, 2, 3)])
    with database.transaction() as session:
        begin_from(session, run_id, 1, 1, at(2))
        append_steps(session, run_id, [step_row(step, loss=2.0) for step in (2, 3)])
        assert steps_series(session, run_id)["loss"] == [1.0, 2.0, 2.0]
