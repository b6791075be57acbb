"""What has failed or was cancelled is queued again by a person, and by nothing else."""

import pytest

from models.errors import Conflict, NotFound
from models.states import ALLOWED, RETRIABLE, TERMINAL, RunState
from models.store import interim_looks
from models.store.database import Database
from models.store.experiments import delete_experiment, runs_of
from models.store.metrics.rows import append_evaluation, append_steps, evaluations_of, steps_series
from models.store.retries import retry, retry_all
from models.store.run_life import runs
from models.store.tables import Run

from support.interim_looks import clearly, end_runs, states, take, unclear, until_decided
from support.stored import POLICY, at, evaluation_row, fault_document, step_row, stored_experiment
from support.stored_runs import claimed, events_of, new_run, now_stored


def failed(database: Database) -> str:
    """A run that failed at step 8 of its first attempt, with figures and one fault."""
    run_id = claimed(database)
    with database.transaction() as session:
        append_steps(session, run_id, [step_row(step) for step in range(1, 9)])
        append_evaluation(session, run_id, evaluation_row(5))
        runs.advance(session, run_id, 1, 8, at(2), trained_seconds=90)
        runs.fault(session, run_id, 1, problem=fault_document(), policy=POLICY, now=at(3))
        assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(60))
        document = fault_document(2, step=8)
        end = RunState.FAILED
        runs.finish(session, run_id, 2, end, reason="why", problem=document, now=at(61))
    return run_id


def again(database: Database, run_id: str, *, anew: bool = False) -> bool:
    with database.transaction() as session:
        return retry(session, run_id, at(70), anew=anew)


def figures(database: Database, run_id: str) -> tuple[list[int], list[int]]:
    with database.reading() as session:
        steps = steps_series(session, run_id)["step"]
        return steps, [row.step for row in evaluations_of(session, run_id)]


def test_a_failed_run_begins_a_new_life_where_it_was(database: Database) -> None:
    run_id = failed(database)
    assert again(database, run_id)
    row = now_stored(database, run_id)
    assert (row.state, row.step, row.anew) == ("queued", 8, False)
    assert (row.faults, row.not_before, row.problem, row.reason) == (0, None, None, None)
    assert (row.finished_at, row.worker_id, row.cancel_requested) == (None, None, False)
    assert (row.trained_seconds, row.submitted_at) == (0.0, at(70))
    assert row.attempt == 2, "whoever still holds it must stay shut out"
    assert figures(database, run_id) == (list(range(1, 9)), [5])
    event = events_of(database, run_id)[-1]
    assert (event.kind, event.from_state, event.to_state) == ("retried", "failed", "queued")
    with database.transaction() as session:
        taken = runs.claim(session, run_id, worker_id="w", cuda=False, now=at(71))
    assert taken is not None
    assert taken.attempt == 3


def test_a_retry_from_the_start_forgets_the_figures_until_an_attempt_has_begun(
    database: Database,
) -> None:
    run_id = failed(database)
    assert again(database, run_id, anew=True)
    assert figures(database, run_id) == ([], [])
    for attempt in (3, 4):  # the first one dies before it begins
        with database.transaction() as session:
            taken = runs.claim(session, run_id, worker_id="w", cuda=False, now=at(70 + attempt))
            assert taken is not None
            assert (taken.anew, taken.step) == (True, 0)
            if attempt == 3:
                runs.release(session, run_id, 3, reason="stopping", now=at(72))
    with database.transaction() as session:
        runs.begin_from(session, run_id, 4, 0, at(80))
    assert now_stored(database, run_id).anew is False, "from here on its checkpoints are new"


def test_a_wish_to_begin_anew_is_not_lost_by_a_cancellation_and_another_retry(
    database: Database,
) -> None:
    run_id = failed(database)
    again(database, run_id, anew=True)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(71))
    again(database, run_id)
    assert now_stored(database, run_id).anew


@pytest.mark.parametrize("times", [1, 3])
def test_a_cancelled_run_is_queued_again_once_however_often_it_is_asked(
    database: Database, times: int
) -> None:
    run_id = new_run(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(1))
    assert [again(database, run_id) for _ in range(times)] == [True] + [False] * (times - 1)
    row = now_stored(database, run_id)
    assert (row.state, row.cancel_requested) == ("queued", False)
    assert [event.kind for event in events_of(database, run_id)].count("retried") == 1


def test_what_goes_on_is_left_as_it_is_and_what_succeeded_stays_so(database: Database) -> None:
    running, ended = claimed(database), claimed(database)
    with database.transaction() as session:
        runs.finish(session, ended, 1, RunState.SUCCEEDED, now=at(2))
    before = now_stored(database, running).submitted_at
    assert not again(database, running)
    assert (now_stored(database, running).state, now_stored(database, running).submitted_at) == (
        "running",
        before,
    )
    with pytest.raises(Conflict, match="succeeded"):
        again(database, ended)
    with pytest.raises(NotFound):
        again(database, "run_none")


def test_a_run_that_is_being_cancelled_is_not_retried_in_silence(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(2))
    with pytest.raises(Conflict, match="being cancelled"):
        again(database, run_id)
    experiment_id = now_stored(database, run_id).experiment_id
    with database.transaction() as session, pytest.raises(Conflict, match="being cancelled"):
        retry_all(session, experiment_id, at(3))


def test_nothing_but_a_retry_leaves_an_ended_state() -> None:
    assert all(not ALLOWED[state] for state in TERMINAL)
    assert TERMINAL - RETRIABLE == {RunState.SUCCEEDED}


def test_an_experiment_retries_what_did_not_succeed_and_nothing_else(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 2})
        one, two, three, four = (run.id for run in runs_of(session, made.id))
        ends = ((one, RunState.SUCCEEDED), (two, RunState.FAILED), (three, RunState.CANCELLED))
        for run_id, end in ends:
            assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(1))
            runs.finish(session, run_id, 1, end, now=at(2))
    with database.transaction() as session:
        assert [run.id for run in retry_all(session, made.id, at(3))] == [two, three]
    with database.transaction() as session:
        assert retry_all(session, made.id, at(4)) == []
        states_now = [run.state for run in runs_of(session, made.id)]
    assert states_now == ["succeeded", "queued", "queued", "queued"]
    assert [len(events_of(database, run)) for run in (one, two, three, four)] == [3, 4, 4, 1]


def cancel(database: Database, experiment_id: str) -> None:
    with database.transaction() as session:
        interim_looks.drop_looks(session, experiment_id, at(20))
        for run in runs_of(session, experiment_id):
            runs.request_cancel(session, run.id, at(20))


def retry_experiment(database: Database, experiment_id: str) -> list[Run]:
    with database.transaction() as session:
        return retry_all(session, experiment_id, at(30))


def test_a_plan_that_a_cancellation_dropped_goes_on_with_its_runs(database: Database) -> None:
    made = until_decided(database)
    end_runs(database, made, unclear)
    assert take(database, made), "look 1 adds seeds"
    before = states(database, made)
    cancel(database, made)
    assert set(states(database, made)) == {"taken", "dropped"}
    queued = retry_experiment(database, made)
    assert states(database, made) == before
    assert {run.seed for run in queued} == {6, 7, 8, 9}, "only the seeds that look 1 added"
    end_runs(database, made, unclear)
    take(database, made)
    assert states(database, made)[:2] == ["taken", "taken"]


def test_a_plan_that_a_look_ended_stays_ended(database: Database) -> None:
    made = until_decided(database, low=10, high=20)
    end_runs(database, made, clearly)
    take(database, made)
    assert states(database, made) == ["taken", "dropped", "dropped"]
    retry_experiment(database, made)
    assert states(database, made) == ["taken", "dropped", "dropped"]


def test_one_run_alone_that_is_retried_adds_no_looks(database: Database) -> None:
    made = until_decided(database)
    cancel(database, made)
    with database.transaction() as session:
        retry(session, runs_of(session, made)[0].id, at(30))
    assert set(states(database, made)) == {"dropped"}


def test_an_experiment_is_deleted_while_its_cancelled_run_winds_down(database: Database) -> None:
    run_id = claimed(database)
    experiment_id = now_stored(database, run_id).experiment_id
    with database.transaction() as session, pytest.raises(Conflict, match="queued or running"):
        delete_experiment(session, experiment_id)
    with database.transaction() as session:
        for run in runs_of(session, experiment_id):
            runs.request_cancel(session, run.id, at(2))
        delete_experiment(session, experiment_id)
    with database.transaction() as session, pytest.raises(NotFound):
        runs.heartbeat(session, run_id, 1, at(3))
    with database.reading() as session, pytest.raises(NotFound):
        runs.is_cancel_requested(session, run_id, 1)
