"""A long queue costs no more than a short one: statements and messages are counted, not seconds.

`benchmarks/long_queue.py` has the seconds, with 10,000 queued runs.
"""

from collections.abc import Callable
from typing import Any

import pytest

from models.broker import ANY_QUEUE, celery_app, waiting_messages
from models.settings import Settings
from models.store import interim_looks
from models.store.database import Database
from models.store.events import events_after
from models.store.experiments import list_experiments, runs_of
from models.store.run_life import runs
from models.store.run_life.cancelling import cancel_runs
from worker.housekeeping import reaper

from support.api import ApiForTests
from support.statements import statements
from support.stored import at, stored_experiment

FEW, MANY = 2, 40
TRIES = 3  # of a call, whose fewest statements count: the service sends others of its own meanwhile


def made(database: Database, name: str, seeds: int) -> list[str]:
    """The ids of an experiment and of its runs, in order."""
    with database.transaction() as session:
        row = stored_experiment(session, dataset=name, seeds={"count": seeds})
        return [row.id, *(run.id for run in runs_of(session, row.id))]


def test_cancelling_many_runs_takes_as_many_statements_as_few(database: Database) -> None:
    counts = []
    for name, seeds in (("few", FEW), ("many", MANY)):
        experiment_id, first, *_ = made(database, name, seeds)
        with database.transaction() as session:
            runs.claim(session, first, worker_id="w", cuda=False, now=at(1))
        with statements(database.engine) as sent, database.transaction() as session:
            interim_looks.drop_looks(session, experiment_id, at(2))
            cancel_runs(session, experiment_id, at(2))
        counts.append(len(sent))
        with database.reading() as session:
            states = [run.state for run in runs_of(session, experiment_id)]
        assert states == ["running"] + ["cancelled"] * (2 * seeds - 1)
    assert counts[0] == counts[1] < 12


def test_cancelling_all_runs_leaves_what_cancelling_each_one_does(database: Database) -> None:
    left = []
    for name in ("all", "each"):
        experiment_id, *ids = made(database, name, 3)
        with database.transaction() as session:
            for run_id in ids[:2]:
                runs.claim(session, run_id, worker_id="w", cuda=False, now=at(1))
            runs.request_cancel(session, ids[1], at(2))
        for _ in range(2):  # again is no error, and leaves nothing more
            with database.transaction() as session:
                interim_looks.drop_looks(session, experiment_id, at(2))
                if name == "all":
                    cancel_runs(session, experiment_id, at(3))
                    continue
                for run_id in ids:
                    runs.request_cancel(session, run_id, at(3))
        with database.reading() as session:
            rows = runs_of(session, experiment_id)
            place = {run.id: run.position for run in rows}
            events = sorted(
                (e.at, place.get(e.run_id or "", -1), e.kind, e.from_state, e.to_state, e.attempt)
                + (e.message,)
                for e in events_after(session, experiment_id, 0, 100)
                if e.at >= at(0)
                and e.kind != "created"
                and e.from_state
                or e.kind == "cancel_requested"
            )
        shown = [(r.state, r.reason, r.cancel_requested, r.finished_at) for r in rows]
        left.append((shown, events))
    assert left[0] == left[1]


def test_a_list_takes_as_many_statements_however_many_it_shows(database: Database) -> None:
    counts = []
    for number in range(12):
        made(database, f"set{number}", 1)
        if number in (0, 11):
            with statements(database.engine) as sent, database.reading() as session:
                found = list_experiments(session, limit=50)
            assert len(found) == number + 1
            counts.append(len(sent))
    assert counts[0] == counts[1]


CALLS: dict[str, Callable[[ApiForTests, str], object]] = {
    "poll": lambda api, path: api.get(path),
    "list": lambda api, _: api.get("/v1/experiments"),
    "cancel": lambda api, path: api.http.post(f"{path}/cancel").raise_for_status(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_call_takes_as_many_statements_for_many_runs_as_for_few(
    api: ApiForTests, call: str
) -> None:
    def taken(seeds: int) -> int:
        path = f"/v1/experiments/{api.submit(seeds={'count': seeds})['id']}"
        return _sent_by(api, lambda: CALLS[call](api, path))

    few, many = (min(taken(seeds) for _ in range(TRIES)) for seeds in (FEW, MANY))
    assert few == many < 25


def _sent_by(api: ApiForTests, call: Callable[[], object]) -> int:
    """How many statements there were, but for looks at keys: a call that takes seconds has more."""
    with statements(api.thread.app.state.service.database.engine) as sent:
        call()
    looks = ("BEGIN ", "SELECT api_keys.")
    return sum(not statement.startswith(looks) for statement in sent)


def test_asking_for_many_runs_takes_as_many_statements_as_asking_for_few(api: ApiForTests) -> None:
    def taken(seeds: int) -> int:
        return _sent_by(api, lambda: api.submit(seeds={"count": seeds}))

    few, many = (min(taken(seeds) for _ in range(TRIES)) for seeds in (FEW, MANY))
    assert few == many < 30


def test_a_round_of_the_reaper_sends_no_more_than_is_missing_and_than_a_round_may(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "AT_ONCE", 30)
    _, *ids = made(database, "pairs", MANY)
    app = celery_app(redis_url)
    settings = Settings(resubmit_seconds=1e-6)
    held = []
    for _ in range(5):
        with statements(database.engine) as sent:
            reaper.reap(database, app, settings)
        assert len(sent) < 25
        held.append(waiting_messages(app, ANY_QUEUE))
    app.close()
    assert held == [30, 60, 80, 80, 80]
    with database.reading() as session:
        times = [runs.run(session, run_id).submitted_at for run_id in ids]
    assert times == sorted(times)  # oldest first, and those that were sent went to the back


def test_one_message_that_was_taken_does_not_make_the_reaper_send_all_again(
    database: Database, redis_url: str
) -> None:
    made(database, "pairs", MANY)
    app = celery_app(redis_url)
    settings = Settings(resubmit_seconds=1e-6)
    reaper.reap(database, app, settings)
    with app.connection_for_write() as connection:
        channel: Any = connection.default_channel  # its stub declares no `basic_get`
        assert channel.basic_get(ANY_QUEUE, no_ack=True)
    reaper.reap(database, app, settings)
    assert waiting_messages(app, ANY_QUEUE) == 2 * MANY
    app.close()
