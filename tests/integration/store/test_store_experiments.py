"""Experiments in the store: made whole with their runs, listed by page and state, deleted whole."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound
from models.specs.parse import parse_spec
from models.states import RunState, experiment_state
from models.store.database import Database
from models.store.datasets import remove_dataset
from models.store.events import events_after
from models.store.experiment_states import run_counts
from models.store.experiments import (
    by_idempotency_key,
    create_experiment,
    delete_experiment,
    experiment,
    list_experiments,
    runs_of,
)
from models.store.metrics.rows import append_evaluation, append_steps
from models.store.run_life.runs import request_cancel
from models.store.tables import Base, Dataset, Run

from support.stored import (
    at,
    evaluation_row,
    small_spec,
    step_row,
    stored_dataset,
    stored_experiment,
)


def test_an_experiment_has_a_queued_run_for_each_seed_and_arm(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"list": [7, 3]}, device="cuda", steps=30)
    with database.reading() as session:
        runs = runs_of(session, made.id)
        assert run_counts(session, made.id) == {
            **dict.fromkeys(RunState, 0),
            RunState.QUEUED: 4,
        }
    assert [(run.seed, run.arm) for run in runs] == [
        (7, "vanilla"),
        (7, "modified"),
        (3, "vanilla"),
        (3, "modified"),
    ]
    assert {(run.state, run.attempt, run.step, run.steps, run.device) for run in runs} == {
        ("queued", 0, 0, 30, "cuda")
    }


def test_a_new_run_has_no_past(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
    with database.reading() as session:
        first, *_ = runs_of(session, made.id)
    zero = ("attempt", "step", "started_step", "faults", "trained_seconds")
    assert {name: getattr(first, name) for name in zero} == dict.fromkeys(zero, 0)
    assert (first.cancel_requested, first.anew) == (False, False)
    assert first.submitted_at == made.created_at
    none = ("reason", "worker_id", "started_at", "heartbeat_at", "finished_at", "weights_sha256",
            "provenance", "not_before", "problem")  # fmt: skip
    assert {name: getattr(first, name) for name in none} == dict.fromkeys(none)


def test_the_stored_spec_is_the_whole_normalised_one(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
    with database.reading() as session:
        stored = experiment(session, made.id).spec
    assert parse_spec(stored) == small_spec()
    assert stored["encoder"]["hidden_dim"] == 128


def test_making_an_experiment_leaves_its_events(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
        events = events_after(session, made.id, 0, 100)
        runs = runs_of(session, made.id)
    assert [(event.kind, event.run_id, event.to_state) for event in events] == [
        ("created", None, None),
        *(("state", run.id, "queued") for run in runs),
    ]


def test_an_idempotency_key_finds_its_experiment(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, idempotency_key="k1", request_hash="h1")
    with database.reading() as session:
        found = by_idempotency_key(session, "k1")
        assert by_idempotency_key(session, "k2") is None
    assert found is not None
    assert (found.id, found.request_hash) == (made.id, "h1")


def test_a_used_idempotency_key_makes_no_second_experiment(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, idempotency_key="k1")
    with pytest.raises(Conflict, match="'k1'"), database.transaction() as session:
        stored_experiment(session, idempotency_key="k1")
    with database.reading() as session:
        assert [row.id for row, _ in list_experiments(session, limit=10)] == [made.id]


def test_an_experiment_on_a_data_set_that_was_just_deleted_is_refused(database: Database) -> None:
    with database.transaction() as session:
        gone: Dataset = stored_dataset(session)
        remove_dataset(session, "pairs")
    with pytest.raises(Conflict, match="'pairs' has just been deleted"):
        with database.transaction() as session:
            create_experiment(
                session,
                spec=small_spec(),
                dataset=gone,
                test_pairs=1,
                baseline_majority=0.5,
                baseline_collapsed=0.5,
                left_out_pairs=0,
                idempotency_key=None,
                request_hash="",
            )


def test_experiments_come_newest_first_in_pages_that_meet(database: Database) -> None:
    with database.transaction() as session:
        made = sorted(stored_experiment(session).id for _ in range(5))
    seen: list[str] = []
    with database.reading() as session:
        while page := list_experiments(session, after=seen[-1] if seen else None, limit=2):
            assert len(page) <= 2
            seen += [row.id for row, _ in page]
    assert seen == made[::-1]


def test_experiments_are_filtered_by_data_set_and_by_part_of_the_name(database: Database) -> None:
    with database.transaction() as session:
        stored_experiment(session, name="Hard negatives", dataset="quora")
        stored_experiment(session, name="Soft 100% negatives", dataset="quora")
        stored_experiment(session, name="Hard again", dataset="generated")

    def names(dataset: str | None = None, name_contains: str | None = None) -> set[str]:
        with database.reading() as session:
            found = list_experiments(
                session, dataset=dataset, name_contains=name_contains, limit=10
            )
        return {row.name for row, _ in found}

    assert names(dataset="generated") == {"Hard again"}
    assert names(dataset="unknown") == set()
    assert names(name_contains="hard") == {"Hard negatives", "Hard again"}
    assert names(name_contains="0%") == {"Soft 100% negatives"}
    assert names(name_contains="H_rd") == set()
    assert names(name_contains="hard", dataset="quora") == {"Hard negatives"}


def test_filtering_by_state_agrees_with_the_state_that_is_shown(database: Database) -> None:
    every_mixture = [
        {state for bit, state in enumerate(RunState) if mixture >> bit & 1}
        for mixture in range(1, 2 ** len(RunState))
    ]
    with database.transaction() as session:
        for mixture in every_mixture:
            made = stored_experiment(session, seeds={"count": 3})
            wanted = sorted(mixture)
            for index, run in enumerate(runs_of(session, made.id)):
                state = wanted[index % len(wanted)]
                session.execute(update(Run).where(Run.id == run.id).values(state=state))
    with database.reading() as session:
        everything = list_experiments(session, limit=100)
        assert len(everything) == len(every_mixture)
        for state in RunState:
            listed = {row.id for row, _ in list_experiments(session, state=state, limit=100)}
            shown = {row.id for row, counts in everything if experiment_state(counts) is state}
            assert listed == shown, state
            assert listed


def test_an_experiment_that_is_not_there_is_not_found(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(NotFound, match="exp_none"):
            experiment(session, "exp_none")
        with pytest.raises(NotFound, match="exp_none"):
            delete_experiment(session, "exp_none")


def test_an_experiment_with_work_left_cannot_be_deleted(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
    with pytest.raises(Conflict, match="4 of its runs"), database.transaction() as session:
        delete_experiment(session, made.id)
    with database.reading() as session:
        assert experiment(session, made.id).id == made.id


def test_deleting_an_experiment_takes_all_that_is_its_own_and_no_more(database: Database) -> None:
    with database.transaction() as session:
        kept, made = stored_experiment(session), stored_experiment(session)
        for row in (kept, made):
            for run in runs_of(session, row.id):
                append_steps(session, run.id, [step_row(1)])
                append_evaluation(session, run.id, evaluation_row(1))
                request_cancel(session, run.id, at(1))
    with database.transaction() as session:
        before = _row_counts(session)
        delete_experiment(session, made.id)
        after = _row_counts(session)
        assert experiment(session, kept.id)
    for table in ("experiments", "runs", "steps", "evaluations", "events"):
        assert after[table] * 2 == before[table] > 0, table
    assert after["datasets"] == before["datasets"]


def _row_counts(session: Session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
