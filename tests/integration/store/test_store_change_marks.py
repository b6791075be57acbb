"""The mark of an experiment moves with all that happens to its runs, and with nothing else."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from models.retry_policy import RetryPolicy
from models.states import RunState
from models.store.change_marks import ChangeMark, change_marks
from models.store.database import Database
from models.store.experiments import delete_experiment, runs_of
from models.store.predictions import claim, create_prediction, fail
from models.store.retries import retry
from models.store.run_life import runs

from support.stored import at, fault_document, stored_experiment, stored_run


def marks(database: Database, *experiments: str) -> dict[str, ChangeMark]:
    with database.reading() as session:
        return change_marks(session, experiments)


def test_each_thing_that_happens_to_a_run_moves_its_experiments_mark_alone(
    database: Database,
) -> None:
    with database.transaction() as session:
        made, other = stored_experiment(session).id, stored_experiment(session).id
        first, second, *_ = (run.id for run in runs_of(session, made))

    def claimed(run_id: str, worker: str, when: float) -> Callable[[Session], object]:
        def claim(s: Session) -> None:
            run = runs.claim(s, run_id, worker_id=worker, cuda=False, now=at(when))
            assert run is not None

        return claim

    failed, policy = RunState.FAILED, RetryPolicy(9, first_pause=0, longest_pause=0)

    def faulty(s: Session) -> object:
        return runs.fault(s, first, 2, problem=fault_document(2), policy=policy, now=at(7))

    life: list[tuple[str, Callable[[Session], object]]] = [
        ("claim", claimed(first, "a", 1)),
        ("beat", lambda s: runs.heartbeat(s, first, 1, at(2))),
        ("step at the moment of a beat", lambda s: runs.advance(s, first, 1, 5, at(2))),
        ("another claim", claimed(second, "b", 4)),
        ("give back", lambda s: runs.release(s, first, 1, reason="a deploy", now=at(5))),
        ("claim again", claimed(first, "b", 6)),
        ("fault", faulty),
        ("third claim", claimed(first, "b", 8)),
        ("wish to stop", lambda s: runs.request_cancel(s, first, at(9))),
        ("end", lambda s: runs.finish(s, first, 3, RunState.CANCELLED, now=at(10))),
        ("failure", lambda s: runs.finish(s, second, 1, failed, reason="why", now=at(11))),
        ("retry", lambda s: retry(s, second, at(12))),
        ("cancel", lambda s: runs.request_cancel(s, second, at(13))),
    ]
    seen = {made: [marks(database, made)[made]], other: [marks(database, other)[other]]}
    for what, happens in life:
        with database.transaction() as session:
            happens(session)
        now = marks(database, made, other)
        assert now[made] not in seen[made], what
        assert now[other] == seen[other][0], what
        assert marks(database, made, other) == now, "it moves by itself"
        seen[made].append(now[made])


def test_an_experiment_that_is_gone_has_no_mark(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session).id
        for run in runs_of(session, made):
            runs.request_cancel(session, run.id, at(1))
    assert set(marks(database, made, "exp_none")) == {made}
    with database.transaction() as session:
        delete_experiment(session, made)
    assert marks(database, made) == {}


def test_the_mark_of_a_prediction_moves_with_its_answer(database: Database) -> None:
    with database.transaction() as session:
        run = stored_run(session)
        run.state = RunState.SUCCEEDED
        asked = create_prediction(session, run.id, [("a", "b")], at(1))
        other = create_prediction(session, run.id, [("a", "b")], at(1)).id
        made = run.experiment_id
    before = marks(database, asked.id, other, made, "prd_none")
    assert set(before) == {asked.id, other, made}
    with database.transaction() as session:
        taken = claim(session, asked, worker_id="w", max_attempts=3, now=at(2), lease_seconds=30)
        assert taken is not None
        assert marks(database, asked.id) == {asked.id: before[asked.id]}
    with database.transaction() as session:
        assert fail(session, taken, "the weights are gone", at(3))
    after = marks(database, asked.id, other, made)
    assert after[asked.id] != before[asked.id]
    assert {one: after[one] for one in (other, made)} == {one: before[one] for one in (other, made)}
