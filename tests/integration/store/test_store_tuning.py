"""Tuning in the store: planned before the first run, chosen once, and kept whatever comes after."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from models.comparison.inputs import Tuned
from models.states import RunState
from models.store import interim_looks
from models.store.arm_values import arm_values
from models.store.database import Database
from models.store.events import events_after
from models.store.metrics import rows
from models.store.reproducing.reproductions import reproduce
from models.store.run_life import runs
from models.store.tables import Run
from models.store.tuning.plan import tuning_of
from models.store.tuning.values import tuning_values

from support.interim_looks import runs_of, unclear
from support.stored import at, evaluation_row, small_spec, stored_experiment
from support.tuning import (
    TUNING,
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

FIRST = 9_000_000


def test_every_setting_of_every_arm_is_queued_under_the_tuning_seeds_and_nothing_else(
    database: Database,
) -> None:
    made = tuned(database)
    assert [(run.seed, run.setting, run.arm, run.tuning) for run in runs_of(database, made)] == [
        (FIRST + seed, setting, arm, True)
        for seed in range(2)
        for setting in range(3)
        for arm in ("vanilla", "modified")
    ]
    assert (state_of(database, made), chosen(database, made)) == ("planned", {})


def test_the_choice_waits_until_every_tuning_run_has_ended(database: Database) -> None:
    made = tuned(database)
    *most, last = runs_of(database, made)
    for run in most:
        end_run(database, run, rising(run))
    assert (due(database), choose(database, made)) == ([], [])
    end_run(database, last, rising(last))
    assert due(database) == [made]
    assert state_everywhere(database, made) == RunState.RUNNING


def test_each_arm_gets_its_best_setting_and_the_decisions_seeds_train_it_alone(
    database: Database,
) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    added = choose(database, made)
    assert [(run.seed, run.arm, run.setting, run.tuning, run.state) for run in added] == [
        (seed, arm, setting, False, "queued")
        for seed in range(2)
        for arm, setting in (("vanilla", 1), ("modified", 2))
    ]
    assert chosen(database, made) == {"vanilla": 1, "modified": 2}
    assert (state_of(database, made), due(database)) == ("chosen", [])
    with database.reading() as session:
        told = [event for event in events_after(session, made, 0, 1000) if event.kind == "choice"]
    assert [event.message for event in told] == [
        "settings chosen by validation.roc_auc: vanilla takes /optimizer/lr 0.01 (0.8005); "
        "modified takes /optimizer/lr 0.03 (0.8005)"
    ]


def test_many_hands_choose_once(database: Database) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    hands = 6
    start = Barrier(hands)

    def one(_: int) -> int:
        start.wait()
        return len(choose(database, made))

    with ThreadPoolExecutor(hands) as pool:
        added = list(pool.map(one, range(hands)))
    assert sorted(added) == [0, 0, 0, 0, 0, 4]
    assert len(runs_of(database, made)) == 16


def test_of_equal_settings_the_earlier_one_is_chosen(database: Database) -> None:
    made = tuned(database)
    end_runs(database, made, lambda run: 0.5 if run.setting == 0 else 0.75)
    choose(database, made)
    assert chosen(database, made) == {"vanilla": 1, "modified": 1}


def test_no_look_is_taken_before_the_choice_and_the_next_seeds_have_the_chosen_settings(
    database: Database,
) -> None:
    made = tuned(database, seeds={"until_decided": {"min": 6, "max": 8, "futility": False}})
    end_runs(database, made, rising)
    with database.transaction() as session:
        assert interim_looks.due(session) == []
        assert interim_looks.take_due_look(session, made, at(9)) == []
    choose(database, made)
    end_runs(database, made, unclear)
    with database.transaction() as session:
        assert interim_looks.due(session) == [made]
        added = interim_looks.take_due_look(session, made, at(11))
    assert {(run.arm, run.setting) for run in added} == {("vanilla", 1), ("modified", 2)}


def test_what_is_compared_has_no_tuning_run_in_it(database: Database) -> None:
    made = tuned(database, decision={"metric": "validation.roc_auc"})
    end_runs(database, made, rising)
    choose(database, made)
    end_runs(database, made, rising)
    with database.reading() as session:
        values = arm_values(session, made, small_spec(tuning=TUNING, **_BY_VALIDATION))
    assert {name: sorted(arm.by_seed) for name, arm in values.items()} == {
        "vanilla": [0, 1],
        "modified": [0, 1],
    }
    tried = {name: arm.tuned for name, arm in values.items()}
    assert tried == {
        "vanilla": Tuned(3, chosen=1),
        "modified": Tuned(3, chosen=2, at_edge=("/optimizer/lr",)),
    }


_BY_VALIDATION = {"decision": {"metric": "validation.roc_auc"}}


@pytest.mark.parametrize(("checkpoint", "kept"), [("last", 0.6), ("best_validation", 0.9)])
def test_the_metric_that_chooses_is_that_of_the_weights_that_would_be_kept(
    database: Database, checkpoint: str, kept: float
) -> None:
    made = tuned(database, checkpoint=checkpoint)
    run = runs_of(database, made)[0]
    with database.transaction() as session:
        held = runs.claim(session, run.id, worker_id="w", cuda=True, now=at(1))
        assert held is not None
        # the lowest loss comes twice: the earliest of equal ones is kept
        for step, loss, value in ((5, 2.0, 0.7), (10, 1.0, 0.9), (15, 1.0, 0.8), (20, 3.0, 0.6)):
            row = replace(evaluation_row(step, loss=loss), roc_auc=value)
            rows.append_evaluation(session, run.id, row)
        runs.finish(session, run.id, held.attempt, RunState.SUCCEEDED, now=at(3))
    spec = small_spec(tuning=TUNING, checkpoint=checkpoint)
    with database.reading() as session:
        assert tuning_values(session, made, spec)["vanilla"][0] == {FIRST: kept}


def test_each_seed_may_have_a_choice_of_its_own(database: Database) -> None:
    tuning = {**TUNING, "each_seed": True}
    made = tuned(database, tuning=tuning, seeds={"list": [5, 3]})
    assert sorted({run.seed for run in runs_of(database, made)}) == [FIRST + n for n in range(4)]

    def by_seed(run: Run) -> float:
        """The first two tuning seeds, which are seed 5's, like the first setting best."""
        return 0.9 - 0.1 * run.setting if run.seed < FIRST + 2 else rising(run)

    end_runs(database, made, by_seed)
    added = choose(database, made)
    assert [(run.seed, run.arm, run.setting) for run in added] == [
        (5, "vanilla", 0),
        (5, "modified", 0),
        (3, "vanilla", 1),
        (3, "modified", 2),
    ]
    with database.reading() as session:
        events = events_after(session, made, 0, 1000)
        values = arm_values(session, made, small_spec(tuning=tuning, seeds={"list": [5, 3]}))
    (told,) = [event.message for event in events if event.kind == "choice"]
    assert told is not None
    assert told.endswith(
        "modified takes /optimizer/lr 0.003 under 1 of 2 seeds, /optimizer/lr 0.03 under 1 of 2 "
        "seeds"
    )
    assert values["modified"].tuned == Tuned(3, None, ("/optimizer/lr",), each_seed=True)


def test_a_seed_for_which_no_setting_has_a_value_is_left_out_and_the_others_go_on(
    database: Database,
) -> None:
    tuning = {**TUNING, "each_seed": True}
    made = tuned(database, tuning=tuning, seeds={"list": [5, 3]})
    end_runs(
        database,
        made,
        lambda run: None if run.arm == "modified" and run.seed < FIRST + 2 else rising(run),
    )
    assert [(run.seed, run.arm) for run in choose(database, made)] == [
        (5, "vanilla"),
        (3, "vanilla"),
        (3, "modified"),
    ]


def test_a_reproduction_trains_under_the_same_setting(database: Database) -> None:
    made = tuned(database)
    end_runs(database, made, rising)
    choose(database, made)
    end_runs(database, made, rising)
    for run in (runs_of(database, made)[4], runs_of(database, made)[-1]):
        with database.transaction() as session:
            _, again = reproduce(session, run.id, at(50))
            assert (again.arm, again.seed) == (run.arm, run.seed)
            assert (again.setting, again.tuning) == (run.setting, run.tuning)


def test_untuned_experiments_have_no_plan_of_tuning(database: Database) -> None:
    with database.transaction() as session:
        made = stored_experiment(session).id
        assert tuning_of(session, made) is None
    assert {(run.setting, run.tuning) for run in runs_of(database, made)} == {(0, False)}
    end_runs(database, made, rising)
    assert (due(database), choose(database, made)) == ([], [])
