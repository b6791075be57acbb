"""A run's life in the store: each change happens from the right state under the right attempt."""

import pytest
from sqlalchemy import text

from models.errors import NotFound
from models.states import ALLOWED, TERMINAL, RunState
from models.store.database import Database
from models.store.metrics.rows import append_evaluation, append_steps, evaluations_of, steps_series
from models.store.run_life import runs
from models.store.run_life.transitions import move

from support.stored import at, evaluation_row, step_row
from support.stored_runs import claimed, events_of, new_run, now_stored


def test_a_claim_takes_a_queued_run_as_its_next_attempt(database: Database) -> None:
    run_id = new_run(database)
    with database.transaction() as session:
        taken = runs.claim(session, run_id, worker_id="w1", cuda=False, now=at(5))
    assert taken is not None
    stored = now_stored(database, run_id)
    for run in (taken, stored):
        assert (run.state, run.attempt, run.worker_id) == ("running", 1, "w1")
        assert (run.started_at, run.heartbeat_at, run.finished_at) == (at(5), at(5), None)
    last = events_of(database, run_id)[-1]
    assert (last.kind, last.from_state, last.to_state) == ("state", "queued", "running")
    assert (last.attempt, last.at) == (1, at(5))


def test_a_claim_of_a_run_that_is_taken_steps_aside(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        assert runs.claim(session, run_id, worker_id="w2", cuda=True, now=at(9)) is None
    stored = now_stored(database, run_id)
    assert (stored.attempt, stored.worker_id, stored.started_at) == (1, "w1", at(1))
    assert len(events_of(database, run_id)) == 2


@pytest.mark.parametrize(
    ("device", "cuda", "taken"),
    [
        ("cuda", False, False),
        ("cuda", True, True),
        ("cpu", False, True),
        ("cpu", True, True),
        ("auto", False, True),
        ("auto", True, True),
    ],
)
def test_a_run_that_asks_for_cuda_goes_only_to_a_worker_that_has_it(
    database: Database, device: str, cuda: bool, taken: bool
) -> None:
    run_id = new_run(database, device=device)
    with database.transaction() as session:
        run = runs.claim(session, run_id, worker_id="w1", cuda=cuda, now=at(1))
    assert (run is not None) == taken
    assert now_stored(database, run_id).state == ("running" if taken else "queued")


def test_a_heartbeat_says_whether_someone_asked_to_cancel(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        assert runs.heartbeat(session, run_id, 1, at(2)) is False
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(3))
    with database.transaction() as session:
        assert runs.heartbeat(session, run_id, 1, at(4)) is True
    assert now_stored(database, run_id).heartbeat_at == at(4)


def test_progress_is_stored_and_counts_as_a_heartbeat(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.advance(session, run_id, 1, 12, at(2))
    stored = now_stored(database, run_id)
    assert (stored.step, stored.heartbeat_at) == (12, at(2))


def test_going_on_from_a_checkpoint_forgets_the_figures_after_it(database: Database) -> None:
    run_id = claimed(database)
    other = claimed(database)
    with database.transaction() as session:
        for each in (run_id, other):
            append_steps(session, each, [step_row(step) for step in range(1, 11)])
            for step in (5, 10):
                append_evaluation(session, each, evaluation_row(step))
    with database.transaction() as session:
        runs.begin_from(session, run_id, 1, 5, at(3))
    with database.reading() as session:
        assert steps_series(session, run_id)["step"] == [1, 2, 3, 4, 5]
        assert [row.step for row in evaluations_of(session, run_id)] == [5]
        assert len(steps_series(session, other)["step"]) == 10
    stored = now_stored(database, run_id)
    assert (stored.step, stored.started_step, stored.heartbeat_at) == (5, 5, at(3))


@pytest.mark.parametrize("to", sorted(TERMINAL))
def test_a_run_ends_with_what_is_known_of_it(database: Database, to: RunState) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.finish(
            session,
            run_id,
            1,
            to,
            reason="why",
            weights_sha256="f00d",
            provenance={"torch": "2.13.0"},
            now=at(8),
        )
    stored = now_stored(database, run_id)
    assert (stored.state, stored.reason, stored.finished_at) == (to, "why", at(8))
    assert (stored.weights_sha256, stored.provenance) == ("f00d", {"torch": "2.13.0"})
    last = events_of(database, run_id)[-1]
    assert (last.from_state, last.to_state, last.message) == ("running", to, "why")


def test_what_is_not_known_of_a_run_is_null_in_sql_too(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.finish(session, run_id, 1, RunState.FAILED, reason="why", now=at(8))
        query = text("SELECT count(*) FROM runs WHERE state = 'failed' AND provenance IS NULL")
        assert session.scalar(query) == 1


def test_a_run_cannot_finish_as_queued_or_running(database: Database) -> None:
    run_id = claimed(database)
    for to in set(RunState) - TERMINAL:
        with (
            database.transaction() as session,
            pytest.raises(ValueError, match="not a terminal state"),
        ):
            runs.finish(session, run_id, 1, to, now=at(2))
    assert now_stored(database, run_id).state == "running"


def test_a_run_given_back_is_queued_and_its_next_claim_is_a_new_attempt(
    database: Database,
) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.release(session, run_id, 1, reason="the worker is stopping", now=at(2))
    stored = now_stored(database, run_id)
    assert (stored.state, stored.worker_id, stored.heartbeat_at) == ("queued", None, None)
    assert stored.reason == "the worker is stopping"
    with database.transaction() as session:
        again = runs.claim(session, run_id, worker_id="w2", cuda=False, now=at(3))
    assert again is not None
    assert (again.attempt, again.worker_id, again.reason) == (2, "w2", None)


def test_a_run_given_back_after_a_wish_to_cancel_is_cancelled(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(2))
        runs.release(session, run_id, 1, reason="the worker is stopping", now=at(3))
    stored = now_stored(database, run_id)
    assert (stored.state, stored.finished_at) == ("cancelled", at(3))


def test_cancelling_a_queued_run_ends_it_at_once(database: Database) -> None:
    run_id = new_run(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(2))
    stored = now_stored(database, run_id)
    assert (stored.state, stored.finished_at) == ("cancelled", at(2))
    with database.transaction() as session:
        assert runs.claim(session, run_id, worker_id="w1", cuda=True, now=at(3)) is None


def test_cancelling_is_idempotent_in_every_state(database: Database) -> None:
    queued, running, ended = new_run(database), claimed(database), claimed(database)
    with database.transaction() as session:
        runs.finish(session, ended, 1, RunState.SUCCEEDED, now=at(2))
    for _ in range(3):
        with database.transaction() as session:
            for run_id in (queued, running, ended):
                runs.request_cancel(session, run_id, at(3))
    assert now_stored(database, running).state == "running"
    assert now_stored(database, ended).state == "succeeded"
    kinds = [[event.kind for event in events_of(database, run)] for run in (queued, running, ended)]
    assert kinds == [
        ["state", "state"],
        ["state", "state", "cancel_requested"],
        ["state", "state", "state"],
    ]


def test_only_a_queued_run_is_marked_as_submitted(database: Database) -> None:
    queued, running = new_run(database), claimed(database)
    before = now_stored(database, running).submitted_at
    with database.transaction() as session:
        for run_id in (queued, running):
            runs.mark_submitted(session, [run_id], at(99))
    assert now_stored(database, queued).submitted_at == at(99)
    assert now_stored(database, running).submitted_at == before


def test_a_run_that_is_not_there_is_not_found(database: Database) -> None:
    with database.transaction() as session:
        with pytest.raises(NotFound, match="run_none"):
            runs.run(session, "run_none")
        with pytest.raises(NotFound, match="run_none"):
            runs.claim(session, "run_none", worker_id="w", cuda=True, now=at(1))
        with pytest.raises(NotFound, match="run_none"):
            runs.request_cancel(session, "run_none", at(1))


def test_a_move_that_the_table_of_moves_does_not_have_cannot_be_made(database: Database) -> None:
    run_id = new_run(database)
    for start in RunState:
        for to in set(RunState) - ALLOWED[start]:
            with database.transaction() as session, pytest.raises(ValueError, match="never moves"):
                move(session, run_id, start, to, now=at(1))
