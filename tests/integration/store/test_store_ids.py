"""Ids that are found by their beginning, on both kinds of database."""

from models.store.database import Database
from models.store.experiments import runs_of
from models.store.finding.ids import Known, beginning_with
from models.store.reproducing.reproductions import reproduce

from support.interim_looks import end_run
from support.stored import at, stored_experiment


def found(database: Database, beginning: str, limit: int = 10) -> list[str]:
    with database.reading() as session:
        return [one.id for one in beginning_with(session, beginning, limit)]


def test_an_id_is_found_by_its_beginning_and_several_are_the_newest_first(
    database: Database,
) -> None:
    with database.transaction() as session:
        first = stored_experiment(session, name="First").id
        second = stored_experiment(session, name="Second").id
    assert found(database, first[:29]) == [first]
    assert found(database, first) == [first]
    assert found(database, "exp_") == [second, first]
    assert found(database, "exp_0") == [second, first]
    assert found(database, "exp_", limit=1) == [second]
    assert found(database, "exp_z") == []
    assert found(database, "whk_") == []
    with database.reading() as session:
        assert beginning_with(session, second, 2) == [Known(second, "Second")]


def test_runs_say_their_arm_and_seed_and_those_of_reproductions_are_left_out(
    database: Database,
) -> None:
    with database.transaction() as session:
        made = stored_experiment(session, name="Asked")
        runs = runs_of(session, made.id)
    end_run(database, runs[0], 0.7)
    with database.transaction() as session:
        reproduce(session, runs[0].id, at(5))
    with database.reading() as session:
        told = beginning_with(session, runs[3].id, 5)
    assert told == [Known(runs[3].id, "modified, seed 1 of Asked")]
    assert set(found(database, "run_")) == {run.id for run in runs}
    assert found(database, "exp_") == [made.id]
