"""A worker takes a run with its spec, and ends one whose spec it cannot read."""

from sqlalchemy import update

from models.database import Database
from models.tables import Experiment
from worker.claiming import claim

from stored_runs import new_run, now_stored


def test_a_claimed_run_comes_with_its_spec(database: Database) -> None:
    run_id = new_run(database)
    claimed = claim(database, run_id, "wrk_t")
    assert claimed is not None
    assert (claimed.run.state, claimed.run.attempt) == ("running", 1)
    assert [arm.name for arm in claimed.spec.arms] == ["vanilla", "modified"]
    assert claim(database, run_id, "wrk_other") is None


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
