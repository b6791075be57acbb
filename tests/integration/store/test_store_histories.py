"""The store against a small model of it, over random histories: who holds what, and who may write.

`pytest --hypothesis-profile=long tests/integration/store/test_store_histories.py` looks for hours.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict
from models.retry_policy import RetryPolicy
from models.states import ACTIVE, RETRIABLE, TERMINAL, RunState, experiment_state
from models.store import experiments
from models.store.database import Database
from models.store.experiment_states import with_more_planned
from models.store.interim_looks import drop_looks, due, looks_of, take_due_look
from models.store.retries import retry
from models.store.run_life import runs
from models.store.run_life.reaping import due_for_submit, take_back_lost
from models.store.tables import Experiment, Run

from support.histories import check_rows, evaluation_marks, marks
from support.stored import stored_experiment
from support.worker_moves import ANY, MOVES_OF_WORKERS, WAIT, Believed, WorkerMoves

LONG = settings.get_current_profile_name() == "long"
HISTORIES = settings(max_examples=5000 if LONG else 20, stateful_step_count=80 if LONG else 30)
LEASE, RESUBMIT, MOST_EXPERIMENTS = 30, 20, 4
SPECS: dict[str, dict[str, Any]] = {
    "two runs": {"seeds": {"count": 1}},
    "four runs": {"seeds": {"count": 2}},
    "for cuda": {"seeds": {"count": 1}, "device": "cuda"},
    "until decided": {"seeds": {"until_decided": {"min": 6, "max": 8, "looks": [6, 7, 8]}}},
}
KINDS = sorted(SPECS)
OF_ATTEMPTS = set(MOVES_OF_WORKERS) - {"deliver"}
OF_TIME = ("overtake", "overtake", "overtake", "time_passes", "reap", "reap", "announce_again")
OF_PEOPLE = (
    *("submit", "cancel", "retry", "retry", "stop_all", "carry_out"),
    *("look", "look", "delete", "list_by_state"),
)
MOVES = (*MOVES_OF_WORKERS, *OF_TIME, *OF_PEOPLE)
SUCCEEDED = sorted(TERMINAL).index(RunState.SUCCEEDED)


class Histories(WorkerMoves):
    """Reapers and people beside the workers."""

    @initialize(kind=st.integers(0, 3))
    def begin(self, kind: int) -> None:
        self._submit(kind)

    # One rule that draws what is done, not one for each: Hypothesis leaves some rules out of each
    # history, and a history without claims, or without time, says little.
    @rule(move=st.sampled_from(MOVES), which=ANY, number=st.integers(0, 20))
    def happens(self, move: str, which: int, number: int) -> None:
        if move in OF_ATTEMPTS:
            held = [one for one in self.held if self._holds(one)] if number % 3 else self.held
            if held:
                getattr(self, f"_{move}")(held[which % len(held)], number)
        elif self.experiments or move in ("submit", *OF_TIME):
            getattr(self, f"_{move}")(which, number)

    def _submit(self, which: int, _number: int = 0) -> None:
        if len(self.experiments) >= MOST_EXPERIMENTS:
            return
        kind = KINDS[which % len(KINDS)]
        with self.database.transaction() as session:
            made = stored_experiment(session, **SPECS[kind]).id
            self._believe(experiments.runs_of(session, made))
        self.experiments.append(made)

    def _believe(self, rows: list[Run]) -> None:
        for row in rows:
            one = Believed(row.id, row.experiment_id, row.device, row.submitted_at)
            self.runs[row.id] = one

    def _cancel(self, which: int, _number: int = 0) -> None:
        run = self._run(which)
        for _ in range(2):  # again is no error, and tells nobody anything new
            with self.database.transaction() as session:
                runs.request_cancel(session, run.id, self.now)
        self._asked(run)

    def _asked(self, run: Believed) -> None:
        run.cancel_requested |= run.state in ACTIVE
        run.state = RunState.CANCELLED if run.state == RunState.QUEUED else run.state

    def _stop_all(self, which: int, _number: int = 0) -> None:
        experiment = self._experiment(which)
        with self.database.transaction() as session:
            drop_looks(session, experiment, self.now)
            for row in experiments.runs_of(session, experiment):
                runs.request_cancel(session, row.id, self.now)
            assert self._planned(session, experiment) == []
        for run in self._runs_of(experiment):
            self._asked(run)

    def _time_passes(self, which: int, _number: int = 0) -> None:
        """Whoever does not speak meanwhile is dead, or might as well be."""
        seconds = (1, RESUBMIT, LEASE, LEASE + 1)[which % 4]
        self.now += timedelta(seconds=seconds)

    def _reap(self, which: int, number: int) -> None:
        policy = RetryPolicy(1 + which % 3, number % 2 * WAIT, WAIT)
        silent_since = self.now - timedelta(seconds=LEASE)
        lost = [
            run
            for run in self.runs.values()
            if run.state == RunState.RUNNING and (run.heartbeat_at or self.now) < silent_since
        ]
        taken: list[str] = []
        for _ in range(1 + which % 2):
            with self.database.transaction() as session:
                taken += take_back_lost(session, now=self.now, lease_seconds=LEASE, policy=policy)
        assert sorted(taken) == sorted(run.id for run in lost)
        for run in lost:
            run.meet_fault(policy.max_attempts, policy.first_pause, self.now)

    def _retry(self, which: int, number: int) -> None:
        run, anew = self._run(which), number % 2 == 1
        ends = run.state == RunState.RUNNING and run.cancel_requested
        try:
            with self.database.transaction() as session:
                again = retry(session, run.id, self.now, anew=anew)
        except Conflict:
            assert ends or run.state == RunState.SUCCEEDED
            return
        assert again == (run.state in RETRIABLE)
        if again:
            run.state, run.cancel_requested, run.faults = RunState.QUEUED, False, 0
            run.worker, run.heartbeat_at, run.not_before = None, None, None
            run.submitted_at = self.now
            if anew:
                run.step, run.steps, run.evaluations = 0, {}, {}

    def _overtake(self, which: int, number: int) -> None:
        """Everyone falls silent; a run goes to another worker, and the one before wakes up."""
        self.now += timedelta(seconds=LEASE + 1)
        self._reap(2, 0)
        queued = {run.id for run in self.runs.values() if run.state == RunState.QUEUED}
        begun = [held for held in self.held if held.run in queued]
        if begun:
            before = begun[which % len(begun)]
            self._deliver_to(self.runs[before.run], ["w4"], True)
            self._go_on(self.held[-1], number)
            for move in sorted(OF_ATTEMPTS):
                getattr(self, f"_{move}")(before, number)

    def _announce_again(self, _which: int, _number: int) -> None:
        before = self.now - timedelta(seconds=RESUBMIT)
        waiting = [
            run
            for run in self.runs.values()
            if run.state == RunState.QUEUED
            and run.submitted_at < before
            and (run.not_before is None or run.not_before <= self.now)
        ]
        with self.database.transaction() as session:
            due = due_for_submit(session, now=self.now, resubmit_seconds=RESUBMIT)
            assert sorted(run.id for run in due) == sorted(run.id for run in waiting)
            runs.mark_submitted(session, [run.id for run in due], self.now)
        for one in waiting:
            one.submitted_at = self.now

    def _carry_out(self, which: int, _number: int = 0) -> None:
        """All runs of an experiment come to their ends, so that a look may be due."""
        experiment = self._experiment(which)
        for run in self._runs_of(experiment):
            if run.state == RunState.QUEUED:
                self._deliver_to(run, ["w9"], True)
                self._do_steps(self.held[-1], 2)
                self._finish(self.held[-1], SUCCEEDED)

    def _look(self, which: int, _number: int = 0) -> None:
        experiment = self._experiment(which)
        going_on = any(run.state in ACTIVE for run in self._runs_of(experiment))
        with self.database.transaction() as session:
            planned = self._planned(session, experiment)
            assert (experiment in due(session)) == (bool(planned) and not going_on)
            added = take_due_look(session, experiment, self.now)
            left = self._planned(session, experiment)
        if going_on or not planned:
            assert (added, left) == ([], planned)
        elif added:
            assert left == planned[1:]
            assert len(added) == 2 * (left[0] - planned[0])
            self._believe(added)
        else:
            assert left == []

    def _planned(self, session: Session, experiment: str) -> list[int]:
        return [look.pairs for look in looks_of(session, experiment) if look.state == "planned"]

    def _delete(self, which: int, _number: int = 0) -> None:
        experiment = self._experiment(which)
        with self.database.reading() as session:
            looks = with_more_planned(session, [experiment])
        left = [run for run in self._runs_of(experiment) if run.state in ACTIVE]
        # one that winds down, since it was cancelled, does not stand in the way
        busy = looks or not all(run.cancel_requested for run in left)
        try:
            with self.database.transaction() as session:
                experiments.delete_experiment(session, experiment)
        except Conflict:
            assert busy
            return
        assert not busy
        for run in self._runs_of(experiment):
            del self.runs[run.id]
        self.experiments.remove(experiment)

    def _list_by_state(self, which: int, _number: int = 0) -> None:
        state = sorted(RunState)[which % len(RunState)]
        with self.database.reading() as session:
            listed = experiments.list_experiments(session, state=state, limit=50)
            looking = with_more_planned(session, self.experiments)
        wanted = [one for one in self.experiments if self._state(one, one in looking) == state]
        assert sorted(row.id for row, _ in listed) == sorted(wanted)

    def _state(self, experiment: str, look_left: bool) -> RunState:
        there = [run.state for run in self._runs_of(experiment)]
        found = experiment_state({s: there.count(s) for s in RunState}, look_left=look_left)
        ended = not look_left and not any(state in ACTIVE for state in there)
        assert (found in TERMINAL) == ended, "an experiment ends with the last of its runs"
        assert (found == RunState.QUEUED) == (set(there) == {RunState.QUEUED})
        return found

    @invariant()
    def the_rows_are_as_the_model_has_them(self) -> None:
        with self.database.reading() as session:
            check_rows(session)
            rows = session.scalars(select(Run)).all()
            steps, evaluations = marks(session), evaluation_marks(session)
            stored = set(session.scalars(select(Experiment.id)))
        assert stored == set(self.experiments)
        assert {row.id for row in rows} == self.runs.keys()
        for row in rows:
            run = self.runs[row.id]
            assert (row.state, row.attempt, row.step) == (run.state, run.attempt, run.step)
            assert (row.worker_id, row.heartbeat_at) == (run.worker, run.heartbeat_at)
            assert row.cancel_requested == run.cancel_requested
            assert row.submitted_at == run.submitted_at
            assert (row.faults, row.not_before) == (run.faults, run.not_before)
            assert steps[row.id] == run.steps
            assert evaluations[row.id] == run.evaluations


@pytest.mark.timeout(100_000 if LONG else 900)
def test_every_history_leaves_what_the_model_has(database: Database) -> None:
    class OnThisDatabase(Histories):
        pass

    OnThisDatabase.database = database
    run_state_machine_as_test(OnThisDatabase, settings=HISTORIES)
