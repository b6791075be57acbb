"""At a stop of halving the settings that are ahead go on, once, whoever passes the stop, and what
was left out can no longer be chosen."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from models.states import RunState
from models.store import retries
from models.store.database import Database
from models.store.tables import Run
from models.store.tuning.halving import resting

from support.histories import replay
from support.interim_looks import runs_of
from support.stored import at
from support.tuning import (
    GRID,
    choose,
    chosen,
    due,
    end_run,
    end_runs,
    rising,
    state_everywhere,
    state_of,
    tuned,
)

HALVED: dict[str, Any] = {
    "tuning": {"grid": GRID, "seeds": 2, "halving": {"at": [0.5], "keep": 0.6}},
    "evaluate_every": 5,
    "steps": 20,
}


def halved(database: Database) -> str:
    return tuned(database, **HALVED)


def places(runs: list[Run]) -> set[tuple[str, int, int]]:
    return {(run.arm, run.setting, run.seed - 9_000_000) for run in runs}


def test_the_settings_that_are_ahead_go_on_and_one_of_them_is_chosen(database: Database) -> None:
    made = halved(database)
    assert {run.steps for run in runs_of(database, made)} == {10}
    end_runs(database, made, rising)
    assert due(database) == [made]
    went_on = choose(database, made)
    # vanilla is best at 1, then 0 and 2 alike, of which the earlier goes on; modified at 2, then 1
    kept = {("vanilla", 1), ("vanilla", 0), ("modified", 2), ("modified", 1)}
    assert places(went_on) == {(arm, setting, seed) for arm, setting in kept for seed in (0, 1)}
    assert {(run.steps, run.state) for run in went_on} == {(20, RunState.QUEUED)}
    assert (state_of(database, made), state_everywhere(database, made)) == ("planned", "running")
    assert (due(database), choose(database, made)) == ([], [])
    end_runs(database, made, lambda run: 0.6 + 0.01 * run.setting)  # worse than where others rest
    assert len(choose(database, made)) == 4
    assert chosen(database, made) == {"vanilla": 1, "modified": 2}
    with database.reading() as session:
        told = replay(session)
    assert {run.state for run in told.values()} == {RunState.SUCCEEDED, RunState.QUEUED}


def test_many_hands_pass_a_stop_once(database: Database) -> None:
    made = halved(database)
    end_runs(database, made, rising)
    together = Barrier(4)

    def hand(_: int) -> list[Run]:
        together.wait()
        return choose(database, made)

    with ThreadPoolExecutor(4) as pool:
        went_on = [run.id for runs in pool.map(hand, range(4)) for run in runs]
    assert len(went_on) == len(set(went_on)) == 8


def test_a_setting_with_a_run_that_failed_goes_on_only_after_those_without(
    database: Database,
) -> None:
    made = halved(database)
    failing = [run for run in runs_of(database, made) if (run.arm, run.setting) == ("vanilla", 1)]
    end_run(database, failing[0], None)
    end_runs(database, made, rising)
    went_on = choose(database, made)
    assert {run.setting for run in went_on if run.arm == "vanilla"} == {0, 2}


def test_a_failed_run_of_a_setting_that_goes_on_is_retried_to_the_next_stop(
    database: Database,
) -> None:
    made = halved(database)
    for run in runs_of(database, made):
        failed = run.arm == "vanilla" and run.seed == 9_000_000
        end_run(database, run, None if failed else rising(run))
    assert len(choose(database, made)) == 2 + 4
    with database.transaction() as session:
        again = retries.retry_all(session, made, at(30))
    assert {(run.setting, run.steps) for run in again} == {(0, 20), (1, 20), (2, 10)}


def test_a_run_that_ended_early_keeps_its_value_and_is_not_queued_again(
    database: Database,
) -> None:
    made = halved(database)
    early = next(run for run in runs_of(database, made) if (run.arm, run.setting) == ("vanilla", 1))
    end_run(database, early, 0.9, step=5)
    end_runs(database, made, rising)
    went_on = choose(database, made)
    assert early.id not in {run.id for run in went_on}
    assert len(went_on) == 7
    end_runs(database, made, lambda _run: 0.85)
    choose(database, made)
    assert chosen(database, made)["vanilla"] == 1


def test_settings_go_on_whose_runs_have_all_ended_early(database: Database) -> None:
    made = halved(database)
    for run in runs_of(database, made):
        end_run(database, run, rising(run), step=5)
    assert choose(database, made) == []
    assert Counter((run.arm, run.steps) for run in runs_of(database, made)) == {
        (arm, steps): runs for arm in ("modified", "vanilla") for steps, runs in ((10, 2), (20, 4))
    }


def test_a_run_rests_until_its_setting_is_left_out_or_all_are_chosen(database: Database) -> None:
    def rest() -> set[str]:
        with database.reading() as session:
            return resting(session)

    made = halved(database)
    first, *_ = runs_of(database, made)
    assert rest() == set()
    end_run(database, first, rising(first))
    assert rest() == {first.id}
    end_runs(database, made, rising)
    assert rest() == {run.id for run in runs_of(database, made)}
    choose(database, made)
    assert rest() == set(), "those that go on are queued, and the others are left out"
    end_runs(database, made, rising)
    choose(database, made)
    assert rest() == set()
