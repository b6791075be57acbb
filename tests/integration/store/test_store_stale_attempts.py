"""An attempt that lost its run can write nothing: not its state, nor its progress, nor figures."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from models.errors import StaleAttempt
from models.states import RunState
from models.store.database import Database
from models.store.metrics.rows import append_evaluation, append_steps, evaluations_of, steps_series
from models.store.run_life import runs
from models.store.tables import Run

from support.stored import POLICY, at, evaluation_row, fault_document, step_row
from support.stored_runs import claimed, events_of, now_stored


def _write_figures(session: Session, run_id: str) -> None:
    runs.advance(session, run_id, 1, 1, at(50))
    append_steps(session, run_id, [step_row(1)])
    append_evaluation(session, run_id, evaluation_row(1))


WRITES: dict[str, Callable[[Session, str], object]] = {
    "heartbeat": lambda s, run: runs.heartbeat(s, run, 1, at(50)),
    "advance": lambda s, run: runs.advance(s, run, 1, 7, at(50)),
    "begin_from": lambda s, run: runs.begin_from(s, run, 1, 0, at(50)),
    "finish": lambda s, run: runs.finish(s, run, 1, RunState.SUCCEEDED, now=at(50)),
    "give_back": lambda s, run: runs.release(s, run, 1, reason="late", now=at(50)),
    "fault": lambda s, run: runs.fault(
        s, run, 1, problem=fault_document(), policy=POLICY, now=at(50)
    ),
    "figures": _write_figures,
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("lost_to", ["the queue", "another attempt", "its end"])
def test_a_stale_attempt_writes_nothing(database: Database, write: str, lost_to: str) -> None:
    run_id = claimed(database)
    with database.transaction() as session:
        append_steps(session, run_id, [step_row(2)])
        if lost_to == "its end":
            runs.finish(session, run_id, 1, RunState.CANCELLED, now=at(2))
        else:
            runs.release(session, run_id, 1, reason="lost", now=at(2))
        if lost_to == "another attempt":
            assert runs.claim(session, run_id, worker_id="w2", cuda=False, now=at(3))
    before, events = _everything(database, run_id), len(events_of(database, run_id))
    with pytest.raises(StaleAttempt, match="attempt 1"), database.transaction() as session:
        WRITES[write](session, run_id)
    assert _everything(database, run_id) == before
    assert len(events_of(database, run_id)) == events


def _everything(database: Database, run_id: str) -> tuple[object, ...]:
    row = now_stored(database, run_id)
    columns = {name: getattr(row, name) for name in Run.__table__.columns.keys()}
    with database.reading() as session:
        evaluations = [each.step for each in evaluations_of(session, run_id)]
        return columns, steps_series(session, run_id), evaluations
