"""What must hold of the store's rows after any history: read from the rows alone, with SQL.

The code under test takes no part in it but for the table of allowed moves.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.states import ALLOWED, RETRIABLE, TERMINAL, RunState
from models.store.database import Database
from models.store.metrics.rows import append_evaluation, append_steps
from models.store.run_life.run_problems import PREFIX, RunProblem
from models.store.tables import Base, Evaluation, Event, Run, Step

from support.stored import evaluation_row, step_row, stored_dataset


@dataclass
class Held:
    """An attempt at a run as its worker knows it, which may have been overtaken long ago."""

    run: str
    attempt: int
    step: int = 0  # of its last write, or where it begins
    written: list[int] = field(default_factory=list)  # the steps of its last write
    noise: int = 0  # 0 to 9: how good it is, so that verdicts differ


@dataclass
class Replayed:
    """A run as its events tell it."""

    state: RunState | None = None
    attempt: int = 0
    cancel_requested: bool = False


def problem_of(held: Held) -> RunProblem:
    """A fault of the machine that ends the attempt."""
    return RunProblem(
        type=f"{PREFIX}out-of-memory",
        title="No memory was left",
        detail=f"attempt {held.attempt} found no memory",
        attempt=held.attempt,
        step=held.step,
        cause="Other processes took it.",
        advice="Give the machine more.",
    )


def empty(database: Database) -> None:
    """Leave nothing but a data set."""
    with database.transaction() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
        stored_dataset(session)


def write_steps(session: Session, held: Held, steps: Sequence[int]) -> None:
    """Figures that carry the attempt that wrote them."""
    append_steps(session, held.run, [step_row(step, loss=held.attempt) for step in steps])


def write_evaluation(session: Session, held: Held, step: int, split: str) -> None:
    row = evaluation_row(step, split, accuracy=held.noise / 10 + held.attempt / 1000)
    append_evaluation(session, held.run, row)


def replay(session: Session) -> dict[str, Replayed]:
    """Every run as its events tell it, each of which must follow from the one before."""
    told: dict[str, Replayed] = defaultdict(Replayed)
    events = select(Event).where(Event.run_id.is_not(None)).order_by(Event.id)
    for event in session.scalars(events):
        run = told[str(event.run_id)]
        if event.kind == "state":
            _moved(run, event)
        elif event.kind == "continued":
            assert event.from_state == run.state == RunState.SUCCEEDED
            assert event.attempt == run.attempt, "the numbers of attempts go on"
            run.state = RunState(str(event.to_state))
        elif event.kind == "retried":
            assert event.from_state == run.state
            assert run.state in RETRIABLE
            assert event.attempt == run.attempt, "the numbers of attempts go on"
            run.state, run.cancel_requested = RunState(str(event.to_state)), False
        elif event.kind == "cancel_requested":
            assert run.state == RunState.RUNNING
            assert event.attempt == run.attempt
            assert not run.cancel_requested, "the same wish is told once"
            run.cancel_requested = True
    return told


def _moved(run: Replayed, event: Event) -> None:
    to = RunState(str(event.to_state))
    assert event.from_state == run.state, "a move begins where the one before ended"
    if run.state is None:
        assert to == RunState.QUEUED
    else:
        assert to in ALLOWED[run.state]
    claimed = to == RunState.RUNNING
    assert event.attempt == run.attempt + claimed, "a claim is the next attempt; nothing else is"
    if to == RunState.CANCELLED and run.state == RunState.QUEUED:
        run.cancel_requested = True
    run.state, run.attempt = to, run.attempt + claimed


def check_rows(session: Session) -> None:
    """What holds of all rows at any moment at which no transaction is open."""
    told, steps, evaluations = replay(session), marks(session), evaluation_marks(session)
    for run in session.scalars(select(Run)):
        events = told[run.id]
        assert (run.state, run.attempt) == (events.state, events.attempt), "events match states"
        assert run.cancel_requested == events.cancel_requested
        assert list(steps[run.id]) == list(range(1, run.step + 1)), "every step once, none missing"
        wrote = list(steps[run.id].values())
        assert wrote == sorted(wrote), "an attempt wrote over its successor"
        assert all(attempt <= run.attempt for attempt in wrote)
        assert all(step <= run.step for step, _ in evaluations[run.id])
        running, ended = run.state == RunState.RUNNING, run.state in TERMINAL
        assert (run.heartbeat_at is None) <= (not running), "who runs has a heartbeat"
        assert (run.worker_id is None) <= (not running)
        assert ended == (run.finished_at is not None)
        if run.state == RunState.QUEUED:
            assert not run.cancel_requested
            assert (run.worker_id, run.heartbeat_at) == (None, None)


def marks(session: Session) -> dict[str, dict[int, int]]:
    """Of each run, by step: the attempt that wrote its row."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    rows = select(Step.run_id, Step.step, Step.__table__.c.loss).order_by(Step.run_id, Step.step)
    for run, step, loss in session.execute(rows):
        assert step not in found[run]
        found[run][step] = int(loss)
    return found


def evaluation_marks(session: Session) -> dict[str, dict[tuple[int, str], int]]:
    """Of each run, by step and split: the attempt that wrote its evaluation."""
    found: dict[str, dict[tuple[int, str], Any]] = defaultdict(dict)
    accuracies = Evaluation.__table__.c.accuracy
    rows = select(Evaluation.run_id, Evaluation.step, Evaluation.split, accuracies)
    for run, step, split, accuracy in session.execute(rows):
        found[run][step, split] = round(accuracy * 1000) % 100
    return found
