"""Many hands on one run: real threads, real connections, one winner."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Barrier
from typing import TypeVar

from models.errors import Conflict, StaleAttempt
from models.states import RunState
from models.store.database import Database
from models.store.events import events_after
from models.store.experiments import list_experiments, runs_of
from models.store.metrics.lines import keep_zero_shot, zero_shot_of
from models.store.metrics.rows import append_steps
from models.store.run_life import runs
from models.store.run_life.reaping import take_back_lost

from support.stored import POLICY, at, step_row, stored_experiment, stored_run

Result = TypeVar("Result")
HANDS = 8


def at_once(work: Callable[[int], Result], hands: int = HANDS) -> list[Result]:
    """The results of `work(0)`, `work(1)`, … that all start at the same moment."""
    start = Barrier(hands)

    def one(hand: int) -> Result:
        start.wait()
        return work(hand)

    with ThreadPoolExecutor(hands) as pool:
        return list(pool.map(one, range(hands)))


def test_exactly_one_of_many_claims_wins(database: Database) -> None:
    for _ in range(5):
        with database.transaction() as session:
            run_id = stored_run(session).id

        def claim(hand: int, run_id: str = run_id) -> bool:
            with database.transaction() as session:
                worker = f"w{hand}"
                return bool(runs.claim(session, run_id, worker_id=worker, cuda=False, now=at(hand)))

        won = at_once(claim)
        assert won.count(True) == 1
        with database.reading() as session:
            run = runs.run(session, run_id)
        assert (run.attempt, run.worker_id) == (1, f"w{won.index(True)}")


def test_a_run_that_is_cancelled_while_it_is_claimed_is_cancelled_or_told(
    database: Database,
) -> None:
    for _ in range(5):
        with database.transaction() as session:
            run_id = stored_run(session).id

        def act(hand: int, run_id: str = run_id) -> bool:
            with database.transaction() as session:
                if hand:
                    runs.request_cancel(session, run_id, at(1))
                    return False
                return bool(runs.claim(session, run_id, worker_id="w", cuda=False, now=at(1)))

        claimed = at_once(act, hands=2)[0]
        with database.reading() as session:
            run = runs.run(session, run_id)
        assert run.state == ("running" if claimed else "cancelled")
        assert run.cancel_requested


def test_a_lost_run_is_taken_back_once_by_many_reapers(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 5})
        ids = [run.id for run in runs_of(session, made.id)]
        for run_id in ids:
            assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(0))

    def reap(_: int) -> list[str]:
        with database.transaction() as session:
            return take_back_lost(session, now=at(100), lease_seconds=30, policy=POLICY)

    taken = [run_id for some in at_once(reap) for run_id in some]
    assert sorted(taken) == sorted(ids)


def test_a_worker_that_speaks_up_while_it_is_reaped_keeps_its_run_or_is_told(
    database: Database,
) -> None:
    for _ in range(5):
        with database.transaction() as session:
            run_id = stored_run(session).id
            assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(0))

        def act(hand: int, run_id: str = run_id) -> bool:
            with database.transaction() as session:
                if hand:
                    return bool(
                        take_back_lost(session, now=at(100), lease_seconds=30, policy=POLICY)
                    )
                try:
                    runs.heartbeat(session, run_id, 1, at(100))
                except StaleAttempt:
                    return False
                return True

        kept, taken = at_once(act, hands=2)
        assert kept != taken


def test_writers_of_one_experiment_never_wait_for_each_other_in_a_ring(
    database: Database,
) -> None:
    # each transaction touches two runs of the experiment, in opposite orders
    with database.transaction() as session:
        made = stored_experiment(session, seeds={"count": 2})
        ids = [run.id for run in runs_of(session, made.id)]
        for run_id in ids:
            assert runs.claim(session, run_id, worker_id="w", cuda=False, now=at(0))

    def work(hand: int) -> None:
        for turn in range(5):
            with database.transaction() as session:
                for run_id in ids if hand % 2 else reversed(ids):
                    step = hand * 5 + turn + 1
                    runs.advance(session, run_id, 1, step, at(turn))
                    append_steps(session, run_id, [step_row(step)])
                    runs.request_cancel(session, run_id, at(turn))

    at_once(work, hands=4)
    with database.reading() as session:
        kinds = [event.kind for event in events_after(session, made.id, 0, 100)]
    assert kinds.count("cancel_requested") == len(ids)


def test_a_reader_that_follows_the_events_misses_none(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session)
        slow, quick = (run.id for run in runs_of(session, made.id)[:2])

    def cancel_quickly() -> None:
        with database.transaction() as session:
            runs.request_cancel(session, quick, at(1))

    def read(after: int) -> list[int]:
        with database.reading() as session:
            return [event.id for event in events_after(session, made.id, after, 100)]

    seen = read(0)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            runs.request_cancel(session, slow, at(1))
            session.flush()  # its event has an id now
            other = pool.submit(cancel_quickly)
            # time enough for the other to commit before this one, were it not made to wait
            wait([other], timeout=0.5)
            seen += read(seen[-1])
        other.result()
    seen += read(seen[-1])
    assert seen == read(0)
    assert len(seen) == 7


def test_one_idempotency_key_sent_by_many_makes_one_experiment(database: Database) -> None:
    with database.transaction() as session:
        stored_experiment(session)

    def create(_: int) -> bool:
        try:
            with database.transaction() as session:
                stored_experiment(session, idempotency_key="same")
        except Conflict:
            return False
        return True

    assert at_once(create).count(True) == 1
    with database.reading() as session:
        assert len(list_experiments(session, limit=10)) == 2
        assert len(list_experiments(session, state=RunState.QUEUED, limit=10)) == 2


def test_lines_that_runs_of_several_arms_measure_at_once_are_all_kept(database: Database) -> None:
    with database.transaction() as session:
        experiment_id = stored_experiment(session).id

    def keep(hand: int) -> None:
        with database.transaction() as session:
            keep_zero_shot(session, experiment_id, f"arm {hand // 2}", {"test.accuracy": hand})

    at_once(keep)
    with database.reading() as session:
        kept = zero_shot_of(session, [experiment_id])[experiment_id]
    assert kept.keys() == {f"arm {number}" for number in range(HANDS // 2)}
    assert all(own["test.accuracy"] // 2 == int(arm[-1]) for arm, own in kept.items())
    with database.transaction() as session:
        keep_zero_shot(session, "exp_gone", "arm", {"test.accuracy": 0.5})
