"""Workers, reapers and people truly at once, each in a thread with histories of its own.

Who wins is chance, so nothing is foretold: the rows are judged at the end, and what each thread
was told while it worked.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import Conflict, NotFound, StaleAttempt
from models.retry_policy import RetryPolicy
from models.states import TERMINAL, RunState
from models.store import experiments
from models.store.database import Database
from models.store.interim_looks import drop_looks
from models.store.retries import retry
from models.store.run_life import runs
from models.store.run_life.reaping import take_back_lost
from models.store.tables import Run

from support.histories import Held, check_rows, empty, marks, write_steps
from support.stored import stored_experiment

LONG = settings.get_current_profile_name() == "long"
# no shrinking: the same histories may well end otherwise the next time
CROWDS = settings(max_examples=2000 if LONG else 15, phases=[Phase.generate])
HANDS = 4
OWN = ("claim", "go_on", "do_steps", "beat", "finish", "give_back")
OFTEN = ("claim", "claim", "do_steps", "do_steps", "do_steps", "reap", "reap")
MOVED = st.sampled_from((*OWN, *OFTEN, *OFTEN, "cancel", "retry", "stop_all", "delete"))
MOVES = st.tuples(MOVED, st.integers(0, 9))
HISTORIES = st.lists(st.lists(MOVES, min_size=12, max_size=16), min_size=HANDS, max_size=HANDS)

After = Callable[[], None]
"""What a hand notes of a move, once it was committed."""


class Hand:
    """One thread: a worker that never forgets an attempt, now and then a reaper or a person."""

    def __init__(self, name: str, database: Database, wanted: Sequence[str], made: str) -> None:
        self.name, self.database, self.wanted, self.experiment = name, database, wanted, made
        self.held: list[Held] = []
        self.ended: list[tuple[str, int]] = []  # attempts by which it was told that a run ended
        self.wrote: dict[tuple[str, int], int] = {}  # the last step of each attempt, as accepted

    def act(self, move: str, which: int) -> None:
        try:
            with self.database.transaction() as session:
                after = getattr(self, move)(session, which)
        except (StaleAttempt, NotFound, Conflict):
            return
        if after is not None:
            after()  # only what was committed counts

    def claim(self, session: Session, which: int) -> After | None:
        run = self.wanted[which % len(self.wanted)]
        taken = runs.claim(session, run, worker_id=self.name, cuda=True, now=now())
        if taken is not None:
            held = Held(run, taken.attempt, taken.step)
            return lambda: self.held.append(held)
        return None

    def go_on(self, session: Session, which: int) -> After:
        held = self._held(which)
        step = min(which, held.step)
        runs.begin_from(session, held.run, held.attempt, step, now())
        return lambda: self._wrote(held, step)

    def do_steps(self, session: Session, which: int) -> After:
        held = self._held(which)
        steps = range(held.step + 1, held.step + 2 + which % 3)
        runs.advance(session, held.run, held.attempt, steps[-1], now())
        write_steps(session, held, steps)
        return lambda: self._wrote(held, steps[-1])

    def beat(self, session: Session, which: int) -> None:
        held = self._held(which)
        runs.heartbeat(session, held.run, held.attempt, now())

    def finish(self, session: Session, which: int) -> After:
        held, to = self._held(which), sorted(TERMINAL)[which % 3]
        runs.finish(session, held.run, held.attempt, to, now=now())
        return lambda: self.ended.append((held.run, held.attempt))

    def give_back(self, session: Session, which: int) -> None:
        held = self._held(which)
        runs.release(session, held.run, held.attempt, reason="stop", now=now())

    def cancel(self, session: Session, which: int) -> None:
        runs.request_cancel(session, self.wanted[which % len(self.wanted)], now())

    def retry(self, session: Session, which: int) -> None:
        retry(session, self.wanted[which % len(self.wanted)], now(), anew=False)

    def reap(self, session: Session, _which: int) -> None:
        """Whoever has not spoken since this moment is lost."""
        take_back_lost(session, now=now(), lease_seconds=0, policy=RetryPolicy(50, 0, 0))

    def stop_all(self, session: Session, _which: int) -> None:
        drop_looks(session, self.experiment, now())
        for run in experiments.runs_of(session, self.experiment):
            runs.request_cancel(session, run.id, now())

    def delete(self, session: Session, _which: int) -> None:
        experiments.delete_experiment(session, self.experiment)

    def _held(self, which: int) -> Held:
        if not self.held:
            raise NotFound("nothing was claimed yet")
        return self.held[which % len(self.held)]

    def _wrote(self, held: Held, step: int) -> None:
        held.step = step
        self.wrote[held.run, held.attempt] = step


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.timeout(100_000 if LONG else 900)
def test_a_crowd_leaves_one_true_story(database: Database) -> None:
    @CROWDS
    @given(HISTORIES)
    def crowd(histories: list[list[tuple[str, int]]]) -> None:
        empty(database)
        with database.transaction() as session:
            made = stored_experiment(session, seeds={"count": 1}).id
            wanted = [run.id for run in experiments.runs_of(session, made)]
        hands = [Hand(f"w{number}", database, wanted, made) for number in range(HANDS)]
        together(hands, histories)
        judge(database, hands, wanted)

    crowd()


def together(hands: Sequence[Hand], histories: Sequence[Sequence[tuple[str, int]]]) -> None:
    start = Barrier(HANDS)

    def one(hand: Hand, history: Sequence[tuple[str, int]]) -> None:
        start.wait()
        for move, which in history:
            hand.act(move, which)

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(one, hands, histories))


def judge(database: Database, hands: Sequence[Hand], wanted: Sequence[str]) -> None:
    won = Counter((held.run, held.attempt) for hand in hands for held in hand.held)
    assert set(won.values()) <= {1}, "an attempt has one owner"
    ended = Counter(run for hand in hands for run in hand.ended)
    assert set(ended.values()) <= {1}, "an attempt ends once"
    wrote = {key: step for hand in hands for key, step in hand.wrote.items()}
    with database.reading() as session:
        check_rows(session)
        left, figures = session.scalars(select(Run)).all(), marks(session)
    assert {run.id for run in left} in (set(), set(wanted))
    for run in left:
        assert sorted(number for one, number in won if one == run.id) == list(
            range(1, run.attempt + 1)
        ), "each attempt was given to someone"
        assert ((run.id, run.attempt) in ended) <= (run.state in (*TERMINAL, RunState.QUEUED))
        said = [number for one, number in wrote if one == run.id]
        assert run.step == (wrote[run.id, max(said)] if said else 0), "the last writer's word holds"
        assert all((run.id, number) in wrote for number in figures[run.id].values())
    assert left or not figures, "what was deleted leaves no figures"
