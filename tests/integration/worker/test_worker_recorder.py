"""What an attempt writes about its run is there once, whatever becomes of a connection."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from models.store.database import Database
from models.store.metrics.untrained import untrained_of_runs
from models.store.metrics.usage import usage_series
from models.store.run_life import log_lines, runs
from models.store.run_life.log_lines import lines_after
from models.store.tables import Run
from worker.attempts.recorder import Recorder
from worker.attempts.run_log import RunLog, warnings_into
from worker.attempts.time_limit import TrainingClock
from worker.attempts.usage import UsageSampler
from worker.training.events import Evaluated, Untrained

from support.measured import measured_evaluation
from support.stored import at
from support.stored_runs import claimed, now_stored


class LosesAnswers(Database):
    """A database whose connection breaks after a commit, before the answer has come."""

    lost = 0

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            yield session
        if self.lost:
            self.lost -= 1
            raise OperationalError("COMMIT", None, ConnectionError("the server closed it"))


CLOCK = TrainingClock(0.0, None)


def evaluated(step: int) -> Evaluated:
    return Evaluated(step=step, split="validation", **measured_evaluation())


def log_of(database: Database, run: Run) -> list[tuple[int, str]]:
    with database.reading() as session:
        return [(one.number, one.message) for one in lines_after(session, run.id, 0, 100)]


def sampled() -> UsageSampler:
    """A sampler that has one sample."""
    sampler = UsageSampler()
    sampler._sampled -= 1.0  # as long ago as a sample needs
    sampler.sample()
    return sampler


def test_an_answer_that_is_lost_doubles_neither_line_nor_sample(database: Database) -> None:
    run = now_stored(database, claimed(database))
    losing, sampler = LosesAnswers(database.url), sampled()
    try:
        recorder = Recorder(losing, run, TrainingClock(0.0, None), sampler)
        losing.lost = 1
        recorder.begin_from(0)
        recorder.add(evaluated(1))
        recorder.log.add("saved a checkpoint after step 1")
        losing.lost = 2
        recorder.flush()
        losing.lost = 1
        recorder.add(evaluated(2))
        recorder.flush()
    finally:
        losing.close()
    messages = [message for _, message in log_of(database, run)]
    assert [number for number, _ in log_of(database, run)] == [1, 2, 3, 4]
    assert messages[0] == "training begins with its initial weights"
    assert messages[1].startswith("evaluated after step 1 on validation: ")
    assert messages[2] == "saved a checkpoint after step 1"
    assert messages[3].startswith("evaluated after step 2 on validation: ")
    taken = [one.seconds for one in sampler.samples()[1]]
    with database.reading() as session:
        assert usage_series(session, run.id)["seconds"] == taken


def test_lines_go_on_from_those_of_the_attempt_before(database: Database) -> None:
    run = now_stored(database, claimed(database))
    first = Recorder(database, run, TrainingClock(0.0, None), sampled())
    first.begin_from(0)
    with database.transaction() as session:
        runs.advance(session, run.id, 1, 12, at(2))
        runs.release(session, run.id, 1, reason="its worker was asked to stop", now=at(3))
        runs.claim(session, run.id, worker_id="w2", cuda=False, now=at(4))
    second = Recorder(database, now_stored(database, run.id), TrainingClock(0.0, None), sampled())
    second.begin_from(10)
    assert log_of(database, run) == [
        (1, "training begins with its initial weights"),
        (2, "queued again: its worker was asked to stop"),
        (3, "training goes on from the checkpoint after step 10; steps 11 to 12 are trained again"),
    ]


def test_what_is_measured_untrained_again_after_a_kill_is_stored_once(database: Database) -> None:
    run = now_stored(database, claimed(database))
    tested = replace(evaluated(0), split="test")
    for attempt in (1, 2):
        recorder = Recorder(database, now_stored(database, run.id), CLOCK, sampled())
        recorder.begin_from(0)
        recorder.add(Untrained(evaluated(0), tested))
        recorder.add(evaluated(1))
        recorder.flush()
        with database.reading() as session:
            found = untrained_of_runs(session, run.experiment_id)[run.id]
        assert found["test.accuracy"] == tested.accuracy
        assert found["validation.loss"] == tested.loss
        with database.transaction() as session:
            runs.release(session, run.id, attempt, reason="it was killed", now=at(3))
            runs.claim(session, run.id, worker_id="w2", cuda=False, now=at(4))


def test_the_last_lines_are_kept_where_the_metrics_are_trained_again(database: Database) -> None:
    run = now_stored(database, claimed(database))
    recorder = Recorder(database, run, TrainingClock(0.0, None), sampled())
    recorder.log.warn("the GPU is hot")
    recorder.write_log()
    recorder.write_log()
    assert log_of(database, run) == [(1, "the GPU is hot")]
    with database.reading() as session:
        assert log_lines.last_number(session, run.id) == 1


def test_warnings_of_the_process_are_lines_and_errors_and_repetitions_are_not() -> None:
    log, other = RunLog(1), RunLog(1)
    with warnings_into([log, other]):
        for _ in range(3):
            logging.getLogger("worker.attempts").warning("no heartbeat: %s", "closed")
        logging.getLogger("worker.attempts").error("failed at step 3")
        logging.getLogger("worker.attempts").info("of no interest")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("lr is large", UserWarning, stacklevel=1)
    logging.getLogger("worker.attempts").warning("after the end")
    for one in (log, other):
        lines = one.numbered(lambda: 0, at(1))
        found = [(line.level, line.message) for line in lines]
        assert found == [
            ("warning", "no heartbeat: closed"),
            ("warning", "UserWarning: lr is large"),
        ]
