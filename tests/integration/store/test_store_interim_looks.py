"""Looks in the store: planned before any result, taken once, and followed by the next seeds."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from models.comparison.sequential.group_sequential import plan
from models.errors import Conflict
from models.states import LookState, RunState
from models.store import experiments, interim_looks
from models.store.database import Database
from models.store.events import events_after
from models.store.retries import retry_all
from models.store.run_life import runs
from models.store.tables import LookVerdict, Run

from support.interim_looks import (
    CLEAR,
    clearly,
    due,
    end_runs,
    plan_of,
    runs_of,
    states,
    take,
    unclear,
    until_decided,
)
from support.stored import ARMS, at, small_spec, stored_experiment


def verdicts(database: Database, experiment_id: str) -> list[LookVerdict]:
    with database.reading() as session:
        return interim_looks.verdicts_of(session, experiment_id)


def listed(database: Database, state: RunState) -> list[str]:
    with database.reading() as session:
        return [row.id for row, _ in experiments.list_experiments(session, state=state, limit=50)]


def test_the_plan_stands_before_the_first_run_and_has_its_levels(database: Database) -> None:
    made = until_decided(database, low=6, high=40)
    wanted = plan(small_spec(seeds={"until_decided": {}}, decision=CLEAR))
    stored = plan_of(database, made)
    assert [(look.number, look.pairs, look.level, look.spent) for look in stored] == [
        (look.number, look.pairs, look.level, look.spent) for look in wanted
    ]
    assert {(look.state, look.taken_at) for look in stored} == {("planned", None)}
    assert [run.seed for run in runs_of(database, made)] == [n // 2 for n in range(12)]


def test_an_experiment_with_a_fixed_number_of_seeds_never_looks(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session).id
    end_runs(database, made, unclear)
    assert plan_of(database, made) == []
    assert due(database) == []
    assert take(database, made) == []
    assert made in listed(database, RunState.SUCCEEDED)


def test_a_look_waits_until_every_run_has_ended(database: Database) -> None:
    made = until_decided(database)
    assert (due(database), take(database, made)) == ([], [])
    with database.transaction() as session:
        first = runs_of(database, made)[0]
        assert runs.claim(session, first.id, worker_id="w", cuda=False, now=at(0))
    assert (due(database), take(database, made)) == ([], [])
    with database.transaction() as session:
        runs.finish(session, first.id, 1, RunState.FAILED, now=at(1))
    assert due(database) == []
    end_runs(database, made, unclear)
    assert due(database) == [made]


def test_a_look_that_does_not_decide_adds_the_next_seeds_under_every_arm(
    database: Database,
) -> None:
    made = until_decided(database, low=6, high=10)
    end_runs(database, made, unclear)
    added = take(database, made, at(77))
    assert [(run.seed, run.arm, run.state) for run in added] == [
        (seed, arm, "queued") for seed in range(6, 10) for arm in ("vanilla", "modified")
    ]
    everything = runs_of(database, made)
    assert [run.position for run in everything] == list(range(20))
    assert everything[12:] == [run for run in everything if run.seed >= 6]
    first, second = plan_of(database, made)
    assert (first.state, first.taken_at, second.state) == ("taken", at(77), "planned")
    (said,) = verdicts(database, made)
    assert (said.arm, said.pairs, said.verdict) == ("modified", 6, "undecided")
    assert said.sentence.endswith(f"look 1 of 2, planned at 6 seeds, at level {first.level:.3g}.")
    assert due(database) == []
    with database.reading() as session:
        events = events_after(session, made, 0, 1000)
    look = next(event for event in events if event.kind == "look")
    assert look.message is not None
    assert "not decided, so there will be 10 seeds" in look.message
    queued = [event.run_id for event in events if event.id > look.id]
    assert queued == [run.id for run in added]


def test_a_look_that_decides_adds_nothing_and_ends_the_plan(database: Database) -> None:
    made = until_decided(database, low=10, high=20)
    end_runs(database, made, clearly)
    assert take(database, made) == []
    (said,) = verdicts(database, made)
    assert said.verdict == "a_better"
    assert said.sign_flip_p == pytest.approx(2 / 2**10)
    assert said.mean_difference == pytest.approx(0.059)
    assert states(database, made) == ["taken", "dropped", "dropped"]
    assert due(database) == []
    assert made in listed(database, RunState.SUCCEEDED)


def test_the_level_of_the_look_is_what_decides(database: Database) -> None:
    """Six seeds of one sign have p = 0.031: a verdict at 5 %, but not at the first look's level."""
    made = until_decided(database, low=6, high=40)
    end_runs(database, made, clearly)
    assert take(database, made)
    assert verdicts(database, made)[0].verdict == "undecided"


def test_the_last_look_ends_the_plan_also_undecided(database: Database) -> None:
    made = until_decided(database, low=6, high=8)
    for _ in range(2):
        end_runs(database, made, unclear)
        take(database, made)
    assert states(database, made) == ["taken", "taken"]
    assert [said.verdict for said in verdicts(database, made)] == ["undecided", "undecided"]
    assert len(runs_of(database, made)) == 16
    assert due(database) == []


def test_with_several_arms_the_plan_ends_when_all_are_decided_and_none_is_taken_back(
    database: Database,
) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    made = until_decided(database, low=10, high=20, arms=[*ARMS, third])

    def early(run: Run) -> float:
        return unclear(run) if run.arm == "third" else clearly(run)

    end_runs(database, made, early)
    assert len(take(database, made)) == 3 * 4
    # what was better at the first look is now as bad, and must stay decided
    end_runs(database, made, lambda run: 0.9 if run.arm == "third" else unclear(run))
    take(database, made)
    said = [(one.number, one.arm, one.verdict) for one in verdicts(database, made)]
    assert said == [
        (1, "modified", "a_better"),
        (1, "third", "undecided"),
        (2, "third", "undecided"),
    ]
    end_runs(database, made, lambda run: 0.9 if run.arm == "third" else 0.1)
    assert take(database, made) == []
    assert verdicts(database, made)[-1].verdict == "a_better"


def test_a_failed_run_costs_its_pair_but_not_the_plan(database: Database) -> None:
    made = until_decided(database, low=6, high=10)
    end_runs(database, made, lambda run: None if run.seed == 2 else unclear(run))
    assert len(take(database, made)) == 8
    assert verdicts(database, made)[0].pairs == 5


def test_where_no_pair_succeeds_no_seeds_are_added(database: Database) -> None:
    made = until_decided(database)
    end_runs(database, made, lambda run: None if run.arm == "modified" else 0.7)
    assert take(database, made) == []
    assert states(database, made) == ["taken", "dropped"]
    assert made in listed(database, RunState.FAILED)


def test_a_look_stops_where_the_last_one_would_most_likely_decide_nothing(
    database: Database,
) -> None:
    made = until_decided(database, low=6, high=8, futility=True)
    end_runs(database, made, unclear)
    assert take(database, made) == []
    first, second = plan_of(database, made)
    assert (first.state, second.state) == ("taken", "dropped")
    assert (first.futile_above, second.futile_above) == (0.95, None)
    assert first.stays_undecided is not None
    assert 0.95 < first.stays_undecided <= 1
    (said,) = verdicts(database, made)
    assert said.verdict == "undecided"
    stopped = "Stopped: at the spread seen, 8 seeds would stay undecided with a probability "
    assert stopped in said.sentence
    with database.reading() as session:
        (look,) = [one for one in events_after(session, made, 0, 1000) if one.kind == "look"]
    assert look.message is not None
    assert stopped in look.message
    assert made in listed(database, RunState.SUCCEEDED)


def test_a_look_goes_on_where_the_plan_has_no_futility_or_the_seeds_to_come_may_decide(
    database: Database,
) -> None:
    opted_out = until_decided(database, low=6, high=8, futility=False)
    end_runs(database, opted_out, unclear)
    assert len(take(database, opted_out)) == 4
    assert plan_of(database, opted_out)[0].stays_undecided is not None, "it is told all the same"
    wide = until_decided(database, low=6, high=40, futility=True)
    end_runs(database, wide, unclear)
    assert take(database, wide), "34 seeds more may well decide"
    assert "Stopped" not in verdicts(database, wide)[0].sentence


def test_a_look_stops_only_when_every_arm_that_is_left_is_futile(database: Database) -> None:
    third = {"name": "third", "loss": {"terms": [{"kind": "closest_negative", "weight": 2.0}]}}
    made = until_decided(database, low=6, high=8, futility=True, arms=[*ARMS, third])

    def leaning(run: Run) -> float:
        # `third` is above under every seed, which six seeds cannot yet say at this level
        return clearly(run) + 0.05 if run.arm == "third" else unclear(run)

    end_runs(database, made, leaning)
    assert len(take(database, made)) == 3 * 2
    stays = plan_of(database, made)[0].stays_undecided
    assert stays is not None
    assert stays < 0.95


def test_an_experiment_that_stopped_for_futility_is_not_taken_up_by_a_retry(
    database: Database,
) -> None:
    made = until_decided(database, low=6, high=8, futility=True)
    end_runs(database, made, lambda run: None if run.seed == 5 else unclear(run))
    take(database, made)
    with database.transaction() as session:
        retry_all(session, made, at(30))
    assert states(database, made) == ["taken", "dropped"]


def test_a_dropped_plan_adds_no_runs(database: Database) -> None:
    made = until_decided(database)
    with database.transaction() as session:
        interim_looks.drop_looks(session, made, at(20))
        interim_looks.drop_looks(session, made, at(20))
    end_runs(database, made, unclear)
    assert (due(database), take(database, made)) == ([], [])
    assert states(database, made) == ["dropped", "dropped"]


def test_an_experiment_goes_on_while_a_look_is_left(database: Database) -> None:
    made = until_decided(database)
    assert made in listed(database, RunState.QUEUED)
    end_runs(database, made, unclear)
    for state in RunState:
        assert (made in listed(database, state)) == (state == RunState.RUNNING)
    with pytest.raises(Conflict, match="look"), database.transaction() as session:
        experiments.delete_experiment(session, made)
    take(database, made)
    assert made in listed(database, RunState.RUNNING)


def test_many_hands_take_a_look_once(database: Database) -> None:
    made = until_decided(database)
    end_runs(database, made, unclear)
    hands = 6
    start = Barrier(hands)

    def one(_: int) -> list[Run]:
        start.wait()
        return take(database, made)

    with ThreadPoolExecutor(hands) as pool:
        added = list(pool.map(one, range(hands)))
    assert sorted(len(some) for some in added) == [0, 0, 0, 0, 0, 8]
    assert len(runs_of(database, made)) == 20
    assert states(database, made) == [LookState.TAKEN, LookState.PLANNED]


def test_a_look_and_a_cancellation_at_once_leave_no_run_behind(database: Database) -> None:
    for _ in range(3):
        made = until_decided(database)
        end_runs(database, made, unclear)
        start = Barrier(2)

        def act(hand: int, made: str = made, start: Barrier = start) -> None:
            start.wait()
            if hand:
                take(database, made)
                return
            with database.transaction() as session:
                interim_looks.drop_looks(session, made, at(20))
                for run in experiments.runs_of(session, made):
                    runs.request_cancel(session, run.id, at(20))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(act, range(2)))
        assert {run.state for run in runs_of(database, made)} <= {"succeeded", "cancelled"}
        assert LookState.PLANNED not in states(database, made)
