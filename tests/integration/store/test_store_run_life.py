"""Any sequence of what workers, people and reapers do to a run is a walk in the table of moves."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from models.errors import StaleAttempt
from models.states import ALLOWED, TERMINAL, RunState
from models.store.database import Database
from models.store.events import events_after
from models.store.metrics.rows import append_steps, steps_series
from models.store.run_life import runs
from models.store.run_life.reaping import due_for_submit, take_back_lost

from support.stored import POLICY, at, fault_document, step_row, stored_run

LEASE = 30
STEPS = 20

# how far behind the newest attempt the writer is: 0 is the newest itself
BEHIND = st.sampled_from([0, 0, 0, 1, 2])


class RunLife(RuleBasedStateMachine):
    """The store beside the plainest model of it: a state, an attempt, a flag, faults, a step, a
    clock."""

    database: Database

    @initialize()
    def a_run_is_queued(self) -> None:
        self.state = RunState.QUEUED
        self.attempt, self.step, self.asked = 0, 0, False
        self.clock, self.heard = 100.0, 100.0
        self.faults, self.due_at = 0, 0.0
        with self.database.transaction() as session:
            row = stored_run(session, seeds={"count": 1}, steps=STEPS)
            self.run_id, self.experiment_id = row.id, row.experiment_id

    def _moved(self, to: RunState) -> None:
        assert to in ALLOWED[self.state]
        self.state = to

    def _write(self, behind: int, change: Callable[[Session, int], object]) -> bool:
        """Whether a write of the attempt was taken, which must be as the model has it."""
        attempt = self.attempt - behind
        holds = self.state is RunState.RUNNING and behind == 0
        try:
            with self.database.transaction() as session:
                change(session, attempt)
        except StaleAttempt:
            assert not holds
            return False
        assert holds
        self.heard = self.clock
        return True

    @precondition(lambda self: self.state in TERMINAL)
    @rule()
    def another_run_begins_its_life(self) -> None:
        self.a_run_is_queued()

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.clock += seconds

    @rule()
    def a_worker_claims(self) -> None:
        with self.database.transaction() as session:
            taken = runs.claim(session, self.run_id, worker_id="w", cuda=False, now=at(self.clock))
        due = self.clock >= self.due_at
        assert (taken is not None) == (self.state is RunState.QUEUED and due)
        if taken:
            self._moved(RunState.RUNNING)
            self.attempt += 1
            self.heard = self.clock

    @rule(behind=BEHIND)
    def a_worker_says_that_it_lives(self, behind: int) -> None:
        def beat(session: Session, attempt: int) -> None:
            assert runs.heartbeat(session, self.run_id, attempt, at(self.clock)) == self.asked

        self._write(behind, beat)

    @rule(behind=BEHIND)
    def a_worker_does_a_step(self, behind: int) -> None:
        step = self.step + 1

        def advance(session: Session, attempt: int) -> None:
            runs.advance(session, self.run_id, attempt, step, at(self.clock))
            append_steps(session, self.run_id, [step_row(step)])

        if self._write(behind, advance):
            self.step = step

    @rule(behind=BEHIND, share=st.floats(0, 1))
    def a_worker_goes_on_from_a_checkpoint(self, behind: int, share: float) -> None:
        step = int(share * self.step)
        if self._write(
            behind,
            lambda session, attempt: runs.begin_from(
                session, self.run_id, attempt, step, at(self.clock)
            ),
        ):
            self.step = step

    @rule(behind=BEHIND, to=st.sampled_from(sorted(TERMINAL)))
    def a_worker_finishes(self, behind: int, to: RunState) -> None:
        if self._write(
            behind,
            lambda session, attempt: runs.finish(
                session, self.run_id, attempt, to, now=at(self.clock)
            ),
        ):
            self._moved(to)

    @rule(behind=BEHIND)
    def a_worker_gives_the_run_back(self, behind: int) -> None:
        if self._write(
            behind,
            lambda session, attempt: runs.release(
                session, self.run_id, attempt, reason="stopping", now=at(self.clock)
            ),
        ):
            self._moved(RunState.CANCELLED if self.asked else RunState.QUEUED)

    @rule(behind=BEHIND)
    def a_fault_of_the_machine_ends_the_attempt(self, behind: int) -> None:
        def fault(session: Session, attempt: int) -> None:
            runs.fault(
                session,
                self.run_id,
                attempt,
                problem=fault_document(attempt),
                policy=POLICY,
                now=at(self.clock),
            )

        if self._write(behind, fault):
            self._met_a_fault()

    def _met_a_fault(self) -> None:
        if self.asked:
            self._moved(RunState.CANCELLED)
            return
        self.faults += 1
        self.due_at = self.clock + POLICY.pause(self.faults)
        gives_up = self.faults >= POLICY.max_attempts
        self._moved(RunState.FAILED if gives_up else RunState.QUEUED)

    @precondition(lambda self: self.attempt > 0)  # else too many lives would end unlived
    @rule()
    def a_person_cancels(self) -> None:
        with self.database.transaction() as session:
            runs.request_cancel(session, self.run_id, at(self.clock))
        if self.state is RunState.QUEUED:
            self._moved(RunState.CANCELLED)
        self.asked = self.asked or self.state is RunState.RUNNING

    @rule()
    def a_reaper_comes_by(self) -> None:
        with self.database.transaction() as session:
            taken = take_back_lost(session, now=at(self.clock), lease_seconds=LEASE, policy=POLICY)
        silent = self.state is RunState.RUNNING and self.clock - self.heard > LEASE
        assert (self.run_id in taken) == silent
        if silent:
            self._met_a_fault()

    @invariant()
    def the_row_is_as_the_model_has_it(self) -> None:
        with self.database.reading() as session:
            row = runs.run(session, self.run_id)
            steps = steps_series(session, self.run_id)["step"]
            waiting = due_for_submit(session, now=at(1e9), resubmit_seconds=1)
        assert (row.state, row.attempt, row.step) == (self.state, self.attempt, self.step)
        assert row.faults == self.faults
        assert steps == list(range(1, self.step + 1))
        assert (row.finished_at is not None) == (self.state in TERMINAL)
        assert (self.run_id in [each.id for each in waiting]) == (self.state is RunState.QUEUED)

    @invariant()
    def its_events_are_one_unbroken_walk_of_allowed_moves(self) -> None:
        with self.database.reading() as session:
            events = events_after(session, self.experiment_id, 0, 10_000)
        mine = [event for event in events if event.run_id == self.run_id]
        walk = [event for event in mine if event.kind == "state"]
        states = [RunState(str(event.to_state)) for event in walk]
        assert [event.from_state for event in walk] == [None, *states[:-1]]
        for start, to in zip(states[:-1], states[1:], strict=True):
            assert to in ALLOWED[start]
        assert states[-1] is self.state
        assert states.count(RunState.RUNNING) == self.attempt == walk[-1].attempt


def test_a_run_lives_by_the_table_of_moves(database: Database) -> None:
    class OnThisDatabase(RunLife):
        pass

    OnThisDatabase.database = database
    run_state_machine_as_test(
        OnThisDatabase, settings=settings(max_examples=20, stateful_step_count=30)
    )
