"""Programmes in the store: each question has its level before its first run, and keeps it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from models.errors import Invalid
from models.programmes.levels import level
from models.store import experiments, interim_looks
from models.store.database import Database
from models.store.programmes.programmes import with_level_to_come
from models.store.run_life import cancelling

from support.interim_looks import plan_of, take
from support.programmes import (
    DECISION,
    MANY,
    NAME,
    ask,
    delete,
    find,
    find_nothing,
    levels,
    outcomes,
    questions,
)
from support.stored import at, small_spec

ALPHA = 0.05


def cancel(database: Database, experiment_id: str) -> None:
    with database.transaction() as session:
        interim_looks.drop_looks(session, experiment_id, at(5))
        cancelling.cancel_runs(session, experiment_id, at(5))


def test_the_stored_spec_has_the_question_and_its_level(database: Database) -> None:
    made = ask(database, "a")
    with database.reading() as session:
        stored = experiments.experiment(session, made).spec["programme"]
    assert stored == {"name": NAME, "question": 1, "level": level(ALPHA, 1, [])}


def test_levels_follow_from_the_verdicts_before_them(database: Database) -> None:
    find(database, ask(database, "a"))
    find_nothing(database, ask(database, "b"))
    find(database, ask(database, "c"))
    ask(database, "d")
    assert outcomes(database) == [
        ("discovery", 1), ("nothing", 2), ("discovery", 3), ("open", None)
    ]  # fmt: skip
    assert levels(database) == [
        level(ALPHA, 1, []),
        level(ALPHA, 2, [1]),
        level(ALPHA, 3, [1]),
        level(ALPHA, 4, [1, 3]),
    ]


def test_what_goes_on_counts_as_no_discovery_until_it_is_decided(database: Database) -> None:
    first = ask(database, "a")
    ask(database, "b")
    ask(database, "c")
    find(database, first)
    ask(database, "d")
    assert outcomes(database)[0] == ("discovery", 3)
    assert levels(database) == [
        level(ALPHA, 1, []), level(ALPHA, 2, []), level(ALPHA, 3, []), level(ALPHA, 4, [3])
    ]  # fmt: skip


def test_the_level_to_come_is_told_and_nothing_is_stored(database: Database) -> None:
    spec = small_spec(seeds=MANY, decision=DECISION, programme=NAME)
    with database.reading() as session:
        first = with_level_to_come(session, spec).programme
    assert first is not None
    assert (first.question, first.level) == (1, level(ALPHA, 1, []))
    find(database, ask(database, "a"))
    with database.reading() as session:
        second = with_level_to_come(session, spec).programme
    assert second is not None
    assert (second.question, second.level) == (2, level(ALPHA, 2, [1]))
    assert outcomes(database) == [("open", None)]
    ask(database, "b")
    assert levels(database)[1] == second.level


def test_a_verdict_is_judged_at_the_level_and_not_at_the_confidence(database: Database) -> None:
    # with six seeds no sign-flip p is below 0.031, which is above every level
    find(database, ask(database, "a", seeds={"count": 6}))
    ask(database, "b")
    assert outcomes(database)[0] == ("nothing", 1)


def test_deleting_frees_no_budget_and_takes_no_earnings_away(database: Database) -> None:
    first, second = ask(database, "a"), ask(database, "b")
    find(database, first)
    delete(database, first)
    cancel(database, second)
    delete(database, second)
    third = ask(database, "c")
    assert [one.experiment_id for one in questions(database)] == [None, None, third]
    assert outcomes(database) == [("discovery", 2), ("nothing", 2), ("open", None)]
    assert levels(database) == [
        level(ALPHA, 1, []), level(ALPHA, 2, []), level(ALPHA, 3, [2])
    ]  # fmt: skip


def test_an_outcome_that_is_known_never_changes(database: Database) -> None:
    first = ask(database, "a")
    find_nothing(database, first)
    ask(database, "b")
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE evaluations SET accuracy = 0.9 - 0.1 * pairs")
    ask(database, "c")
    assert outcomes(database)[0] == ("nothing", 1)


def test_whoever_cancels_at_a_lucky_moment_has_found_nothing(database: Database) -> None:
    made = ask(database, "a")
    with database.reading() as session:
        last = experiments.runs_of(session, made)[-2:]
    with database.transaction() as session:
        for run in last:
            session.connection().exec_driver_sql(
                f"UPDATE runs SET state = 'cancelled' WHERE id = '{run.id}'"
            )
    find(database, made)
    ask(database, "b")
    assert outcomes(database)[0] == ("open", None)


def test_looks_share_the_level_of_their_question(database: Database) -> None:
    made = ask(database, "a", seeds={"until_decided": {"min": 11, "max": 12, "futility": False}})
    assert plan_of(database, made)[-1].spent == pytest.approx(level(ALPHA, 1, []))
    find(database, made)
    assert take(database, made) == []
    ask(database, "b")
    assert outcomes(database)[0] == ("discovery", 1)


def test_a_programme_has_one_promise(database: Database) -> None:
    ask(database, "a", decision={**DECISION, "confidence": 0.9})
    with pytest.raises(Invalid, match="promises 0.9 over all its questions") as refused:
        ask(database, "b")
    assert [one.pointer for one in refused.value.problems] == ["/decision/confidence"]
    assert levels(database) == [level(0.1, 1, [])]


def test_questions_that_are_asked_at_once_get_places_of_their_own(database: Database) -> None:
    together = Barrier(6)

    def asks(number: int) -> str:
        together.wait(10)
        return ask(database, f"set-{number}", seeds={"count": 2})

    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(asks, range(6)))
    stored = questions(database)
    assert [one.number for one in stored] == [1, 2, 3, 4, 5, 6]
    assert {one.experiment_id for one in stored} == set(made)
    assert levels(database) == [level(ALPHA, number, []) for number in range(1, 7)]
