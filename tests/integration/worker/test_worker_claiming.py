"""A worker takes a run with its spec, and ends one whose spec it cannot read."""

from sqlalchemy import update

from models.store import experiments
from models.store.database import Database
from models.store.tables import Experiment
from worker.attempts.claiming import Claimed, claim, claim_companions

from support.stored_runs import new_run, now_stored


def test_a_claimed_run_comes_with_its_spec(database: Database) -> None:
    run_id = new_run(database)
    claimed = claim(database, run_id, "wrk_t")
    assert claimed is not None
    assert (claimed.run.state, claimed.run.attempt) == ("running", 1)
    assert [arm.name for arm in claimed.spec.arms] == ["vanilla", "modified"]
    assert claim(database, run_id, "wrk_other") is None


def test_companions_are_runs_of_the_experiment_that_wait_and_fit_at_most_so_many(
    database: Database,
) -> None:
    first = claim(database, new_run(database, seeds={"count": 3}), "wrk_t")
    assert first is not None
    new_run(database)  # of another experiment
    with database.reading() as session:
        of_one = experiments.runs_of(session, first.run.experiment_id)
    taken, *others = [run for run in of_one if run.id != first.run.id and run.arm == "vanilla"]
    assert claim(database, taken.id, "wrk_other") is not None

    def more(at_most: int) -> list[Claimed]:
        return claim_companions(
            database, first, "wrk_t", lambda run: run.arm == first.run.arm, at_most
        )

    found = more(1)
    assert [one.run.id for one in found] == [others[0].id]
    assert {(one.run.state, one.run.attempt, one.run.worker_id) for one in found} == {
        ("running", 1, "wrk_t")
    }
    assert found[0].spec == first.spec
    assert more(5) == []


def test_a_run_whose_stored_spec_cannot_be_read_fails_with_the_field(database: Database) -> None:
    run_id = new_run(database)
    with database.transaction() as session:
        session.execute(update(Experiment).values(spec={"dataset": "pairs", "arms": [], "old": 1}))
    assert claim(database, run_id, "wrk_t") is None
    ended = now_stored(database, run_id)
    assert (ended.state, ended.attempt) == ("failed", 1)
    assert "/old" in str(ended.reason)
    assert ended.problem is not None
    assert ended.problem["type"] == "urn:tripletlab:problem:spec"
