"""`watch` follows an experiment over its looks: it ends with the last runs, not with the first."""

from pathlib import Path

from models.store import interim_looks

from support.api import ApiForTests, now
from support.commands import PATIENCE, started
from support.workers import wait_until


def train_all(api: ApiForTests, experiment_id: str) -> None:
    for run in api.runs(experiment_id):
        if run.state == "queued":
            api.train(run.id, accuracy=0.7 + 0.01 * (run.seed % 2 if run.arm == "modified" else 0))


def test_watch_goes_on_with_the_runs_that_a_look_adds(api: ApiForTests, tmp_path: Path) -> None:
    seeds = {"until_decided": {"min": 6, "max": 7, "futility": False}}
    made = api.submit(seeds=seeds)["id"]
    train_all(api, made)
    log = tmp_path / "watch.log"
    watch = started("watch", made, "--url", api.url, log=log)
    wait_until("the gap before the look", lambda: "until look 1 of 2, at 6" in log.read_text())
    assert watch.poll() is None
    with api.database.transaction() as session:
        assert len(interim_looks.take_due_look(session, made, now())) == 2
    train_all(api, made)
    with api.database.transaction() as session:
        interim_looks.take_due_look(session, made, now())
    assert watch.wait(PATIENCE) == 0, log.read_text()
    said = log.read_text()
    assert "modified, seed 6: succeeded" in said
    assert "100 % of 280 steps, succeeded" in said
    assert "This is look 2 of 2, planned at 7 seeds" in " ".join(said.split())
