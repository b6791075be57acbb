"""Seeds that a person asks for: where the error allows it, up to a planned look, and no others."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from models.errors import Conflict, Invalid
from models.specs.parse import parse_spec, stored_spec
from models.states import RunState
from models.store import experiments, interim_looks
from models.store.database import Database
from models.store.events import events_after
from models.store.experiment_states import current_state
from models.store.more_seeds.adding import add, addition
from models.store.more_seeds.allowed import MoreSeeds, more_seeds
from models.store.more_seeds.fresh import fresh_spec
from models.store.reproducing.reproductions import reproduce
from models.store.retries import retry_all
from models.store.tables import Experiment, Run

from support.interim_looks import (
    clearly,
    end_runs,
    plan_of,
    runs_of,
    states,
    take,
    unclear,
    until_decided,
)
from support.stored import ARMS, at, stored_experiment

FOUR_LOOKS = {"until_decided": {"min": 6, "max": 12, "looks": [6, 8, 10, 12]}}
WIDE = {"equivalence_margin": 0.001}


def asked(database: Database, experiment_id: str, count: int) -> list[Run]:
    """What a person is given who asks for so many seeds."""
    with database.transaction() as session:
        wanted = addition(session, experiment_id, count)
        return [] if wanted is None else add(session, wanted, at(20))


def allowed(database: Database, experiment_id: str) -> MoreSeeds:
    with database.reading() as session:
        return more_seeds(session, experiment_id)


def state(database: Database, experiment_id: str) -> RunState:
    with database.reading() as session:
        return current_state(session, experiment_id)[0]


def experiment_of(database: Database, **changes: Any) -> str:
    with database.transaction() as session:
        return stored_experiment(session, **changes).id


def futile(database: Database) -> str:
    """An experiment with four looks, which the first ended for futility."""
    made = experiment_of(database, seeds=FOUR_LOOKS, decision=WIDE)
    end_runs(database, made, unclear)
    assert take(database, made) == []
    assert states(database, made) == ["taken", "dropped", "dropped", "dropped"]
    return made


def seeds(runs: list[Run]) -> list[int]:
    return sorted({run.seed for run in runs})


def test_after_futility_seeds_are_added_up_to_the_look_that_was_asked_for(
    database: Database,
) -> None:
    made = futile(database)
    before = [(look.pairs, look.level, look.spent) for look in plan_of(database, made)]
    assert allowed(database, made).counts == (8, 10, 12)
    added = asked(database, made, 10)
    assert seeds(added) == [6, 7]
    assert states(database, made) == ["taken", "planned", "planned", "dropped"]
    assert state(database, made) == RunState.RUNNING
    end_runs(database, made, unclear)
    # the look on the way is as futile, and does not end what was asked for in spite of that
    assert seeds(take(database, made)) == [8, 9]
    end_runs(database, made, unclear)
    assert take(database, made) == []
    assert states(database, made) == ["taken", "taken", "taken", "dropped"]
    assert state(database, made) == RunState.SUCCEEDED
    after = [(look.pairs, look.level, look.spent) for look in plan_of(database, made)]
    assert after == before, "no level has moved"
    assert [look.asked_at for look in plan_of(database, made)] == [None, None, at(20), None]
    with database.reading() as session:
        sentences = [one.sentence for one in interim_looks.verdicts_of(session, made)]
    assert ["asked for after" in one for one in sentences] == [False, True, True]


def test_a_look_on_the_way_that_decides_ends_it(database: Database) -> None:
    looks = {"until_decided": {"min": 6, "max": 40, "looks": [6, 20, 40]}}
    made = experiment_of(database, seeds=looks, decision=WIDE)
    with database.transaction() as session:
        interim_looks.looks_of(session, made)[0].futile_above = 0.1
    end_runs(database, made, unclear)
    take(database, made)
    asked(database, made, 40)
    end_runs(database, made, lambda run: clearly(run) + (run.arm == "modified") * 0.2)
    assert take(database, made) == []
    assert states(database, made) == ["taken", "taken", "dropped"]
    with database.reading() as session:
        assert interim_looks.verdicts_of(session, made)[-1].verdict == "a_better"
    assert allowed(database, made).counts == ()
    with pytest.raises(Conflict, match="no later look may take a verdict back"):
        asked(database, made, 40)


def test_after_the_last_look_nothing_is_left_of_the_error(database: Database) -> None:
    made = futile(database)
    asked(database, made, 12)
    for _ in range(3):
        end_runs(database, made, unclear)
        take(database, made)
    assert states(database, made) == ["taken"] * 4
    with pytest.raises(Conflict, match="all of the error that was promised spent"):
        asked(database, made, 14)


def test_only_planned_looks_can_be_asked_for(database: Database) -> None:
    made = futile(database)
    for count in (7, 9, 11, 13, 5):
        with pytest.raises(Invalid) as refused:
            asked(database, made, count)
        (problem,) = refused.value.problems
        assert problem.pointer == "/count"
        assert ("to 8, 10 or 12" in problem.detail) == (count > 6)
    assert len(runs_of(database, made)) == 12


def test_asking_again_changes_nothing_and_asking_for_more_goes_further(
    database: Database,
) -> None:
    made = futile(database)
    asked(database, made, 8)
    assert asked(database, made, 8) == []
    assert asked(database, made, 12) == [], "what is queued already leads there"
    assert states(database, made) == ["taken", "planned", "planned", "planned"]
    assert asked(database, made, 8) == []
    for wanted in ([8, 9], [10, 11], []):
        end_runs(database, made, unclear)
        assert seeds(take(database, made)) == wanted
    assert asked(database, made, 8) == []


def test_many_who_ask_at_once_add_the_seeds_once(database: Database) -> None:
    made = futile(database)
    hands = 5
    start = Barrier(hands)

    def one(_: int) -> int:
        start.wait()
        return len(asked(database, made, 10))

    with ThreadPoolExecutor(hands) as pool:
        assert sorted(pool.map(one, range(hands))) == [0, 0, 0, 0, 4]
    assert len(runs_of(database, made)) == 16


def test_a_retry_after_a_cancellation_goes_on_only_as_far_as_was_asked(
    database: Database,
) -> None:
    made = futile(database)
    asked(database, made, 10)
    with database.transaction() as session:
        interim_looks.drop_looks(session, made, at(30))
    end_runs(database, made, unclear)
    assert "cancelled before look 2 of its plan" in allowed(database, made).sentence
    with pytest.raises(Conflict, match="a retry goes on"):
        asked(database, made, 12)
    with database.transaction() as session:
        retry_all(session, made, at(40))
    assert states(database, made) == ["taken", "planned", "planned", "dropped"]


def test_a_fixed_number_of_seeds_stays_what_it_was(database: Database) -> None:
    made = experiment_of(database, seeds={"count": 6})
    assert "Whoever has seen some values" in allowed(database, made).sentence
    end_runs(database, made, lambda run: None if run.seed == 5 else unclear(run))
    found = allowed(database, made)
    assert (found.count, found.counts, found.most) == (6, (), None)
    assert "A retry trains the planned seeds" in found.sentence
    with pytest.raises(Conflict, match="spent the whole error that was promised"):
        asked(database, made, 12)
    assert len(runs_of(database, made)) == 12


def test_a_plan_that_goes_on_needs_nobody_who_asks(database: Database) -> None:
    made = until_decided(database, low=6, high=8)
    assert "adds seeds by itself at its looks, up to 8" in allowed(database, made).sentence
    assert asked(database, made, 8) == [], "it is on its way"
    with pytest.raises(Conflict, match="adds seeds by itself"):
        asked(database, made, 9)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"count": 3}, {"count": 5}),
        ({"list": [7, 0, 2]}, {"list": [7, 0, 2, 1, 3]}),
        ({"count": 3, "vary": ["batch_order"], "held_at": 4}, {"count": 5}),
    ],
)
def test_one_arm_is_given_any_number(
    database: Database, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    made = experiment_of(database, arms=ARMS[:1], seeds=given)
    with pytest.raises(Conflict, match="once it has ended"):
        asked(database, made, 5)
    end_runs(database, made, unclear)
    before = {run.id for run in runs_of(database, made)}
    assert allowed(database, made).most == 1000
    added = asked(database, made, 5)
    assert {run.id for run in runs_of(database, made)} == before | {run.id for run in added}
    assert len(added) == 2
    with database.reading() as session:
        row = session.get_one(Experiment, made)
        spec = stored_spec(row.spec, made)
        assert {**given, **wanted}.items() <= row.spec["seeds"].items()
        told = [(one.kind, one.message) for one in events_after(session, made, 0, 99)]
    assert ("seeds_added", "up to 5 seeds") in told
    assert {run.seed for run in added} <= set(spec.seeds.values())
    end_runs(database, made, unclear)
    with pytest.raises(Invalid, match="it has 5 seeds already"):
        asked(database, made, 2)


def test_two_who_add_to_one_arm_at_once_leave_every_seed_in_its_spec(database: Database) -> None:
    made = experiment_of(database, arms=ARMS[:1], seeds={"list": [7, 0]})
    end_runs(database, made, unclear)
    start = Barrier(2)

    def one(count: int) -> None:
        start.wait()
        try:
            asked(database, made, count)
        except Conflict:  # the other one's runs go on
            pass

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, (3, 4)))
    with database.reading() as session:
        spec = stored_spec(session.get_one(Experiment, made).spec, made)
    assert set(spec.seeds.values()) == {run.seed for run in runs_of(database, made)}


def test_a_run_that_is_reproduced_stays_one_run(database: Database) -> None:
    made = experiment_of(database)
    end_runs(database, made, unclear)
    with database.transaction() as session:
        again = reproduce(session, experiments.runs_of(session, made)[0].id, at(5))
        (own,) = experiments.experiments_again(session, made)
    assert again is not None
    end_runs(database, own, unclear)
    with pytest.raises(Conflict, match="that run has one seed"):
        asked(database, own, 3)


def test_sources_told_apart_get_all_their_arms_under_the_new_seeds(database: Database) -> None:
    made = experiment_of(database, arms=ARMS[:1], seeds={"count": 2, "tell_apart": True})
    end_runs(database, made, unclear)
    assert len(asked(database, made, 4)) == 2 * 3


def test_fresh_seeds_are_those_of_no_run_on_the_data_set(database: Database) -> None:
    made = experiment_of(database, seeds={"count": 2, "vary": ["batch_order"]}, name="Asked")
    experiment_of(database, seeds={"list": [3, 5]})
    experiment_of(database, seeds={"list": [4]}, dataset="a second name of the same rows")
    with database.reading() as session:
        found = fresh_spec(session, made, None)
        more = fresh_spec(session, made, 8)
    assert found["name"] == "Asked, fresh seeds"
    varied = {"vary": ["batch_order"], "held_at": 0}
    assert found["seeds"] == {"list": [2, 6, 7, 8, 9, 10], **varied}
    assert more["seeds"]["list"] == [2, *range(6, 13)]
    assert parse_spec(found).seeds.held_at == 0, "it can be sent as it is"


def test_a_question_of_a_programme_is_asked_again_as_its_next_one(database: Database) -> None:
    made = experiment_of(database, programme="search", seeds={"count": 3})
    with database.reading() as session:
        assert fresh_spec(session, made, None)["programme"] == "search"
