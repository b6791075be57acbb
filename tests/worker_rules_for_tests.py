"""What workers do to the runs of a store, as rules of a state machine, against a model of it.

Every attempt that there ever was goes on trying: whether it may write is for the store to say.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy.orm import Session

from models import runs
from models.database import Database
from models.errors import NotFound, StaleAttempt
from models.states import TERMINAL, RunState

from histories_for_tests import Held, empty, write_evaluation, write_steps

WORKERS = st.sampled_from(["w1", "w2", "w3"])
SPLITS = st.sets(st.sampled_from(["validation", "test"]))
ANY = st.integers(0, 999)  # which of those there are, modulo their number


@dataclass
class Believed:
    """A run as the model has it."""

    id: str
    experiment: str
    device: str
    submitted_at: datetime
    state: RunState = RunState.QUEUED
    attempt: int = 0
    step: int = 0
    worker: str | None = None
    heartbeat_at: datetime | None = None
    cancel_requested: bool = False
    steps: dict[int, int] = field(default_factory=dict)  # the attempt that wrote each
    evaluations: dict[tuple[int, str], int] = field(default_factory=dict)

    def release(self) -> None:
        """Its attempt is over, and it has not ended."""
        if self.cancel_requested:
            self.state = RunState.CANCELLED
        else:
            self.state, self.worker, self.heartbeat_at = RunState.QUEUED, None, None


class WorkerRules(RuleBasedStateMachine):
    """Several workers; each rule is one thing that one of them does."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        empty(self.database)
        self.now = datetime.now(UTC)
        self.runs: dict[str, Believed] = {}
        self.held: list[Held] = []  # every attempt there ever was: the overtaken go on too
        self.experiments: list[str] = []

    @precondition(lambda self: self.runs)
    @rule(which=ANY, workers=st.lists(WORKERS, min_size=1, max_size=5), cuda=st.booleans())
    def deliver(self, which: int, workers: list[str], cuda: bool) -> None:
        """A run's message comes to these workers, one after the other."""
        run = self._run(which)
        for worker in workers:
            with self.database.transaction() as session:
                taken = runs.claim(session, run.id, worker_id=worker, cuda=cuda, now=self.now)
            free = run.state == RunState.QUEUED and (cuda or run.device != "cuda")
            assert (taken is not None) == free
            if taken is not None:
                run.state, run.attempt, run.worker = RunState.RUNNING, run.attempt + 1, worker
                run.heartbeat_at = self.now
                assert (taken.attempt, taken.worker_id) == (run.attempt, worker)
                self.held.append(
                    Held(run.id, taken.attempt, taken.step, noise=len(self.held) * 7 % 9)
                )

    @precondition(lambda self: self.held)
    @rule(which=ANY, step=st.integers(0, 20))
    def go_on_from_a_checkpoint(self, which: int, step: int) -> None:
        held = self._held(which)
        step = min(step, held.step)  # a checkpoint is of a step whose figures were written
        if self._writes(held, lambda s: runs.begin_from(s, held.run, held.attempt, step, self.now)):
            run = self.runs[held.run]
            run.step, run.heartbeat_at, held.step, held.written = step, self.now, step, []
            run.steps = {at: by for at, by in run.steps.items() if at <= step}
            run.evaluations = {
                (at, split): by
                for (at, split), by in run.evaluations.items()
                if at <= step and split != "test"
            }

    @precondition(lambda self: self.held)
    @rule(which=ANY, count=st.integers(1, 4), splits=SPLITS)
    def do_steps(self, which: int, count: int, splits: set[str]) -> None:
        held = self._held(which)
        held.written = list(range(held.step + 1, held.step + count + 1))
        self._write(held, splits)

    @precondition(lambda self: any(held.written for held in self.held))
    @rule(which=ANY)
    def write_again(self, which: int) -> None:
        """The connection broke during COMMIT, so the worker cannot know what came of it."""
        wrote = [held for held in self.held if held.written]
        self._write(wrote[which % len(wrote)], set())

    def _write(self, held: Held, splits: set[str]) -> None:
        last = held.written[-1]

        def work(session: Session) -> None:
            runs.advance(session, held.run, held.attempt, last, self.now)
            write_steps(session, held, held.written)
            for split in splits:
                write_evaluation(session, held, last, split)

        if self._writes(held, work):
            run = self.runs[held.run]
            run.step, run.heartbeat_at, held.step = last, self.now, last
            run.steps |= dict.fromkeys(held.written, held.attempt)
            run.evaluations |= dict.fromkeys([(last, split) for split in splits], held.attempt)

    @precondition(lambda self: self.held)
    @rule(which=ANY)
    def beat(self, which: int) -> None:
        held, told = self._held(which), []
        work = lambda s: told.append(runs.heartbeat(s, held.run, held.attempt, self.now))  # noqa: E731
        if self._writes(held, work):
            self.runs[held.run].heartbeat_at = self.now
            assert told == [self.runs[held.run].cancel_requested]

    @precondition(lambda self: self.held)
    @rule(which=ANY, to=st.sampled_from(sorted(TERMINAL)))
    def finish(self, which: int, to: RunState) -> None:
        held = self._held(which)
        if self._writes(held, lambda s: runs.finish(s, held.run, held.attempt, to, now=self.now)):
            self.runs[held.run].state = to

    @precondition(lambda self: self.held)
    @rule(which=ANY)
    def give_back(self, which: int) -> None:
        held = self._held(which)
        if self._writes(
            held, lambda s: runs.give_back(s, held.run, held.attempt, reason="stop", now=self.now)
        ):
            self.runs[held.run].release()

    def _writes(self, held: Held, work: Callable[[Session], None]) -> bool:
        """Whether the attempt may write: exactly as long as it holds the run."""
        run = self.runs.get(held.run)
        holds = run is not None and run.state == RunState.RUNNING and run.attempt == held.attempt
        try:
            with self.database.transaction() as session:
                work(session)
        except NotFound:
            assert run is None
            return False
        except StaleAttempt:
            assert run is not None
            assert not holds
            return False
        assert holds, "a stale attempt wrote"
        return True

    def _run(self, which: int) -> Believed:
        return list(self.runs.values())[which % len(self.runs)]

    def _held(self, which: int) -> Held:
        return self.held[which % len(self.held)]

    def _experiment(self, which: int) -> str:
        return self.experiments[which % len(self.experiments)]

    def _runs_of(self, experiment: str) -> list[Believed]:
        return [run for run in self.runs.values() if run.experiment == experiment]
