"""What workers do to the runs of a store, as moves of a state machine, beside a model of it.

Every attempt that there ever was goes on trying: whether it may write is for the store to say.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy.orm import Session

from models.errors import NotFound, StaleAttempt
from models.retry_policy import RetryPolicy
from models.states import TERMINAL, RunState
from models.store.database import Database
from models.store.run_life import runs

from support.histories import Held, empty, problem_of, write_evaluation, write_steps

MOVES_OF_WORKERS = (
    *("deliver", "deliver", "deliver", "do_steps", "do_steps", "do_steps", "do_steps"),
    *("write_again", "go_on", "go_on", "beat", "finish", "give_back", "give_back", "meet_a_fault"),
)
WAIT = 25.0  # seconds after a fault, and no longer after the next
# which of those there are, modulo their number; mostly few, so that much happens to each
ANY = st.integers(0, 2) | st.integers(0, 999)


@dataclass
class Believed:
    """A run as the model has it."""

    id: str
    experiment: str
    device: str
    submitted_at: datetime
    state: RunState = RunState.QUEUED
    attempt: int = 0
    faults: int = 0
    not_before: datetime | None = None
    step: int = 0
    worker: str | None = None
    heartbeat_at: datetime | None = None
    cancel_requested: bool = False
    steps: dict[int, int] = field(default_factory=dict)  # the attempt that wrote each
    evaluations: dict[tuple[int, str], int] = field(default_factory=dict)

    def meet_fault(self, most: int, wait: float, now: datetime) -> None:
        """The machine's: it has one fewer to be forgiven, and waits."""
        if self.cancel_requested:
            self.release()
        elif self.faults + 1 >= most:
            self.state, self.faults = RunState.FAILED, self.faults + 1
        else:
            self.release()
            self.faults += 1
            self.not_before = now + timedelta(seconds=wait)

    def release(self) -> None:
        """Its attempt is over, and it has not ended."""
        if self.cancel_requested:
            self.state = RunState.CANCELLED
        else:
            self.state, self.worker, self.heartbeat_at = RunState.QUEUED, None, None


class WorkerMoves(RuleBasedStateMachine):
    """Several workers, and all the attempts that they ever had."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        empty(self.database)
        self.now = datetime.now(UTC)
        self.runs: dict[str, Believed] = {}
        self.held: list[Held] = []  # every attempt there ever was: the overtaken go on too
        self.experiments: list[str] = []

    def _deliver(self, which: int, number: int) -> None:
        """A run's message comes to some workers, one after the other."""
        if self.runs:
            workers, cuda = [f"w{one}" for one in range(1 + number % 3)], number % 4 > 0
            self._deliver_to(self._run(which), workers, cuda)

    def _deliver_to(self, run: Believed, workers: list[str], cuda: bool) -> None:
        for worker in workers:
            with self.database.transaction() as session:
                taken = runs.claim(session, run.id, worker_id=worker, cuda=cuda, now=self.now)
            waits = run.not_before is not None and run.not_before > self.now
            free = run.state == RunState.QUEUED and not waits and (cuda or run.device != "cuda")
            assert (taken is not None) == free
            if taken is not None:
                run.state, run.attempt, run.worker = RunState.RUNNING, run.attempt + 1, worker
                run.heartbeat_at, run.not_before = self.now, None
                assert (taken.attempt, taken.worker_id) == (run.attempt, worker)
                self.held.append(
                    Held(run.id, taken.attempt, taken.step, noise=len(self.held) * 7 % 9)
                )

    def _go_on(self, held: Held, number: int) -> None:
        # a checkpoint is of a step whose figures were written; often it is the last
        step = held.step if number % 2 else number // 2 % (held.step + 1)
        if self._writes(held, lambda s: runs.begin_from(s, held.run, held.attempt, step, self.now)):
            run = self.runs[held.run]
            run.step, run.heartbeat_at, held.step, held.written = step, self.now, step, []
            run.steps = {at: by for at, by in run.steps.items() if at <= step}
            run.evaluations = {
                (at, split): by
                for (at, split), by in run.evaluations.items()
                if at <= step and split != "test"
            }

    def _do_steps(self, held: Held, number: int) -> None:
        held.written = list(range(held.step + 1, held.step + 2 + number % 3))
        self._write(held, ({"validation"}, {"validation", "test"})[number % 2])

    def _write_again(self, held: Held, _number: int) -> None:
        """The connection broke during COMMIT, so the worker cannot know what came of it."""
        if held.written:
            self._write(held, set())

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

    def _beat(self, held: Held, _number: int) -> None:
        told: list[bool] = []
        work = lambda s: told.append(runs.heartbeat(s, held.run, held.attempt, self.now))  # noqa: E731
        if self._writes(held, work):
            self.runs[held.run].heartbeat_at = self.now
            assert told == [self.runs[held.run].cancel_requested]

    def _finish(self, held: Held, number: int) -> None:
        to = sorted(TERMINAL)[number % 3]
        if self._writes(held, lambda s: runs.finish(s, held.run, held.attempt, to, now=self.now)):
            self.runs[held.run].state = to

    def _give_back(self, held: Held, _number: int) -> None:
        if self._writes(
            held, lambda s: runs.release(s, held.run, held.attempt, reason="stop", now=self.now)
        ):
            self.runs[held.run].release()

    def _meet_a_fault(self, held: Held, number: int) -> None:
        policy = RetryPolicy(1 + number % 3, number % 2 * WAIT, WAIT)
        problem = problem_of(held)
        if self._writes(
            held,
            lambda s: runs.fault(
                s, held.run, held.attempt, problem=problem, policy=policy, now=self.now
            ),
        ):
            run = self.runs[held.run]
            run.meet_fault(policy.max_attempts, policy.first_pause, self.now)

    def _writes(self, held: Held, work: Callable[[Session], object]) -> bool:
        """Whether the attempt may write: exactly as long as it holds the run."""
        run, holds = self.runs.get(held.run), self._holds(held)
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

    def _holds(self, held: Held) -> bool:
        run = self.runs.get(held.run)
        return run is not None and (run.state, run.attempt) == (RunState.RUNNING, held.attempt)

    def _run(self, which: int) -> Believed:
        return list(self.runs.values())[which % len(self.runs)]

    def _experiment(self, which: int) -> str:
        return self.experiments[which % len(self.experiments)]

    def _runs_of(self, experiment: str) -> list[Believed]:
        return [run for run in self.runs.values() if run.experiment == experiment]
