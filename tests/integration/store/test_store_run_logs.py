"""The log of a run and the samples of what it used: written once, bounded, gone with the run."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from models.errors import StaleAttempt
from models.states import RunState
from models.store import experiments
from models.store.database import Database
from models.store.metrics.usage import MOST_ATTEMPTS, Usage, usage_series, write_usage
from models.store.run_life import runs
from models.store.run_life.cancelling import cancel_runs
from models.store.run_life.log_lines import (
    FIRST_KEPT,
    LONGEST,
    MOST_LINES,
    LogLevel,
    NumberedLine,
    last_number,
    lines_after,
    write_lines,
)
from models.store.tables import LogLine, UsageSample

from support.stored import POLICY, at, fault_document
from support.stored_runs import claimed, new_run, now_stored

SAMPLE = Usage(seconds=2.0, processors=0.9, memory=300_000_000, gpu=None, gpu_memory=None)


def line(number: int, message: str = "evaluated", attempt: int = 1) -> NumberedLine:
    return NumberedLine(
        number=number, attempt=attempt, at=at(number), level=LogLevel.INFO, step=0, message=message
    )


def stored(database: Database, run_id: str) -> list[tuple[int, str, str]]:
    with database.reading() as session:
        found = lines_after(session, run_id, 0, MOST_LINES + 1)
    return [(one.number, one.level, one.message) for one in found]


def write(database: Database, run_id: str, *lines: NumberedLine) -> None:
    with database.transaction() as session:
        write_lines(session, run_id, lines)


def test_lines_that_are_written_again_stand_there_once(database: Database) -> None:
    run_id = claimed(database)
    first, second = line(1, "prepared"), line(2, "begun")
    write(database, run_id, first, second)
    write(database, run_id, first, second, line(3, "saved"))
    assert [one[2] for one in stored(database, run_id)] == ["prepared", "begun", "saved"]


def test_what_ends_an_attempt_is_the_next_line_with_what_to_do(database: Database) -> None:
    run_id = claimed(database)
    write(database, run_id, line(1), line(2))
    with database.transaction() as session:
        document = fault_document(1, step=7)
        runs.fault(session, run_id, 1, problem=document, policy=POLICY, now=at(9))
    words = "queued again: OSError: No space left on device. Free room."
    assert stored(database, run_id)[2:] == [(3, "warning", words)]
    with database.transaction() as session:
        assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(60))
        runs.finish(session, run_id, 2, RunState.FAILED, reason="it diverged", now=at(61))
    assert stored(database, run_id)[3:] == [(4, "error", "failed: it diverged")]


def test_an_end_that_asks_for_nothing_is_told_without_alarm(database: Database) -> None:
    done, given_up = claimed(database), new_run(database, dataset="others")
    with database.transaction() as session:
        runs.finish(session, done, 1, RunState.SUCCEEDED, now=at(2))
        runs.claim(session, given_up, worker_id="w", cuda=False, now=at(1))
        reason = "cancelled at step 3"
        runs.finish(session, given_up, 1, RunState.CANCELLED, reason=reason, now=at(2))
    assert stored(database, done) == [(1, "info", "succeeded")]
    assert stored(database, given_up) == [(1, "info", "cancelled at step 3")]


def test_a_run_that_never_began_has_no_log(database: Database) -> None:
    run_id = new_run(database)
    with database.transaction() as session:
        runs.request_cancel(session, run_id, at(1))
    assert now_stored(database, run_id).state == RunState.CANCELLED
    assert stored(database, run_id) == []


def test_runs_that_wait_for_another_attempt_say_that_they_were_cancelled(
    database: Database,
) -> None:
    run_id = claimed(database)
    experiment_id = now_stored(database, run_id).experiment_id
    with database.transaction() as session:
        runs.release(session, run_id, 1, reason="its worker was asked to stop", now=at(2))
        cancel_runs(session, experiment_id, at(3))
    assert [message for _, _, message in stored(database, run_id)] == [
        "queued again: its worker was asked to stop",
        "cancelled before it started",
    ]
    with database.reading() as session:
        others = [run.id for run in experiments.runs_of(session, experiment_id) if not run.attempt]
    assert others
    assert not any(stored(database, other) for other in others)


def test_an_attempt_that_lost_its_run_adds_no_line(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        runs.release(session, run_id, 1, reason="stopped", now=at(2))
        runs.claim(session, run_id, worker_id="w2", cuda=False, now=at(3))
    before = stored(database, run_id)

    def write_late() -> None:
        with database.transaction() as session:
            write_lines(session, run_id, [line(2, "of the first attempt")])
            runs.advance(session, run_id, 1, 5, at(4))

    with pytest.raises(StaleAttempt):
        write_late()
    assert stored(database, run_id) == before


def test_of_a_very_long_log_the_beginning_and_the_newest_lines_are_kept(database: Database) -> None:
    run_id = claimed(database)
    written = 2 * MOST_LINES + 7
    for start in range(1, written + 1, 500):
        numbers = range(start, min(start + 500, written + 1))
        write(database, run_id, *(line(number) for number in numbers))
    kept = [number for number, _, _ in stored(database, run_id)]
    newest = MOST_LINES - FIRST_KEPT
    assert kept == [*range(1, FIRST_KEPT + 1), *range(written - newest + 1, written + 1)]


def test_a_line_of_any_text_is_stored_on_one_line_and_cut(database: Database) -> None:
    run_id = claimed(database)
    write(database, run_id, line(1, "a\0b\nc \ud800"), line(2, "x" * (LONGEST + 1)))
    (_, _, odd), (_, _, long) = stored(database, run_id)
    assert odd == "a b c ?"
    assert (len(long), long[-2:]) == (LONGEST, "x…")


def test_samples_are_replaced_once_neighbours_were_joined(database: Database) -> None:
    run_id = claimed(database)
    samples = [replace(SAMPLE, seconds=2.0 * (1 + n), processors=n / 10) for n in range(4)]
    with database.transaction() as session:
        write_usage(session, run_id, 1, samples[:2], 0)
    with database.transaction() as session:
        write_usage(session, run_id, 1, samples[2:], 2)
    with database.reading() as session:
        series = usage_series(session, run_id)
    assert series["seconds"] == [2.0, 4.0, 6.0, 8.0]
    assert series["processors"] == [0.0, 0.1, 0.2, 0.3]
    with database.transaction() as session:
        write_usage(session, run_id, 1, samples[1::2], 0)
    with database.reading() as session:
        assert usage_series(session, run_id)["seconds"] == [4.0, 8.0]


def test_a_run_keeps_the_samples_of_its_newest_attempts(database: Database) -> None:
    run_id = claimed(database)
    for attempt in range(1, MOST_ATTEMPTS + 3):
        with database.transaction() as session:
            write_usage(session, run_id, attempt, [SAMPLE], 0)
    with database.reading() as session:
        found = usage_series(session, run_id)
    assert found["attempt"] == list(range(3, MOST_ATTEMPTS + 3))


def test_log_and_samples_go_with_the_experiment(database: Database) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        write_usage(session, run_id, 1, [SAMPLE], 0)
        runs.finish(session, run_id, 1, RunState.SUCCEEDED, now=at(2))
        assert last_number(session, run_id) == 1
    experiment_id = now_stored(database, run_id).experiment_id
    with database.transaction() as session:
        cancel_runs(session, experiment_id, at(3))
        experiments.delete_experiment(session, experiment_id)
    with database.reading() as session:
        for table in (LogLine, UsageSample):
            assert session.scalar(select(func.count()).select_from(table)) == 0
