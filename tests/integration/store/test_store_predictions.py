"""A question in the store: one worker takes it, a dead one's goes to another, and none stays."""

import pytest

from models.errors import NotFound
from models.states import RunState
from models.store import predictions, workers
from models.store.database import Database
from models.store.run_life import runs
from models.store.tables import Prediction

from support.stored import at
from support.stored_runs import claimed

LEASE = 30.0


@pytest.fixture
def run_id(database: Database) -> str:
    """A run that has succeeded."""
    found = claimed(database)
    with database.transaction() as session:
        runs.finish(session, found, 1, RunState.SUCCEEDED, weights_sha256="ab", now=at(2))
    return found


def ask(database: Database, run_id: str, seconds: float = 10) -> str:
    with database.transaction() as session:
        return predictions.create_prediction(session, run_id, [("a", "b")], at(seconds)).id


def take(database: Database, worker: str, seconds: float = 10, limit: int = 3) -> Prediction | None:
    with database.transaction() as session:
        seen = predictions.next_request(session, worker, at(seconds), LEASE)
        if seen is None:
            return None
        return predictions.claim(
            session,
            seen,
            worker_id=worker,
            max_attempts=limit,
            now=at(seconds),
            lease_seconds=LEASE,
        )


def taken_by(database: Database, worker: str, seconds: float = 10) -> Prediction:
    found = take(database, worker, seconds)
    assert found is not None
    return found


def register(database: Database, worker: str, seconds: float) -> None:
    with database.transaction() as session:
        workers.register(
            session, worker_id=worker, host="h", pid=1, slots=1, cuda_devices=0, now=at(seconds)
        )


def answer(database: Database, taken: Prediction, similarity: float) -> bool:
    with database.transaction() as session:
        return predictions.answer(
            session,
            taken,
            similarities=[similarity],
            unknown_words=[["rice"]],
            threshold=0.5,
            now=at(20),
        )


def stored(database: Database, prediction_id: str) -> Prediction:
    with database.reading() as session:
        return predictions.prediction(session, prediction_id)


def test_questions_are_taken_in_the_order_asked_each_once(database: Database, run_id: str) -> None:
    register(database, "w1", 10)
    register(database, "w2", 10)
    asked = [ask(database, run_id) for _ in range(2)]
    first = taken_by(database, "w1")
    assert (first.id, first.attempt, first.worker_id) == (min(asked), 1, "w1")
    assert taken_by(database, "w2").id == max(asked)
    assert answer(database, first, 0.75)
    assert take(database, "w1") is None
    found = stored(database, first.id)
    assert (found.similarities, found.threshold, found.answered_at) == ([0.75], 0.5, at(20))


def test_of_two_workers_that_saw_a_question_one_takes_it(database: Database, run_id: str) -> None:
    register(database, "w1", 10)
    ask(database, run_id)
    with database.reading() as session:
        seen = predictions.next_request(session, "w2", at(10), LEASE)
    assert seen is not None
    taken_by(database, "w1")
    with database.transaction() as session:
        late = predictions.claim(
            session, seen, worker_id="w2", max_attempts=3, now=at(10), lease_seconds=LEASE
        )
    assert late is None


def test_a_question_of_a_worker_that_fell_silent_goes_to_another(
    database: Database, run_id: str
) -> None:
    register(database, "w1", 10)
    ask(database, run_id)
    slow = taken_by(database, "w1")
    assert take(database, "w2", 39) is None
    again = taken_by(database, "w2", 41)
    assert (again.attempt, again.worker_id) == (2, "w2")
    assert not answer(database, slow, 0.1), "an answer under an older attempt is refused"
    assert answer(database, again, 0.2)
    assert not answer(database, again, 0.3), "an answer stands"
    assert stored(database, again.id).similarities == [0.2]


def test_a_question_that_kills_whoever_takes_it_is_given_up(
    database: Database, run_id: str
) -> None:
    register(database, "w1", 10)
    asked = ask(database, run_id)
    attempts = [found.attempt for _ in range(2) if (found := take(database, "w1", limit=2))]
    assert attempts == [1, 2]
    assert take(database, "w1", limit=2) is None
    found = stored(database, asked)
    assert (found.similarities, found.answered_at) == (None, at(10))
    assert found.reason == "given up: the process that should answer it died 2 times"


def test_what_a_worker_lets_go_is_anyones_and_costs_no_attempt(
    database: Database, run_id: str
) -> None:
    register(database, "w1", 10)
    ask(database, run_id)
    taken = taken_by(database, "w1")
    with database.transaction() as session:
        predictions.release(session, "w2")
    assert stored(database, taken.id).worker_id == "w1"
    with database.transaction() as session:
        predictions.release(session, "w1")
    assert taken_by(database, "w2").attempt == 1


def test_questions_are_removed_after_their_time_and_with_their_run(
    database: Database, run_id: str
) -> None:
    old, young = ask(database, run_id, 0), ask(database, run_id, 100)
    with database.transaction() as session:
        predictions.remove_old(session, at(3601), 3600)
    with pytest.raises(NotFound, match="after an hour"):
        stored(database, old)
    assert stored(database, young).pairs == [["a", "b"]]
