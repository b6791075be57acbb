"""What the first revision stored is still answered by the API, and carried on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from models.datasets import cache
from models.datasets.generated.generator import generate_pairs
from models.retry_policy import RetryPolicy
from models.settings import Settings
from models.specs.base import IDENTITY
from models.specs.parse import parse_spec
from models.store.database import Database
from models.store.migrating import migrate
from models.store.run_life import runs
from models.store.run_life.reaping import take_back_lost

from support.api import ApiForTests, GeneratedForTests, now
from support.commands import run_process
from support.first_revision import (
    ARMS,
    CONTENT,
    DATASET,
    ENDED,
    LOST_AT,
    SPEC,
    STATES,
    STEPS,
    UNFINISHED,
    accuracy,
    fill_first_revision,
    loss,
    run_id,
)


@pytest.fixture
def api(blank_url: str, generated: GeneratedForTests) -> Iterator[ApiForTests]:
    """A service of now over a database that was in use at the first revision."""
    database = Database(blank_url)
    fill_first_revision(database)
    migrate(blank_url)
    generated.add_to(database)
    database.close()
    settings = Settings(
        data_dir=generated.data_dir, database_url=blank_url, broker_url="redis://127.0.0.1:1/0"
    )
    cache.store(generate_pairs(1200, 0), settings.datasets_dir / CONTENT)
    with ApiForTests(settings) as started:
        yield started


def test_an_old_experiment_has_its_results(api: ApiForTests) -> None:
    found = api.get(f"/v1/experiments/{ENDED}/results", target_loss=5.2)
    assert (found["state"], found["complete"], found["spec"]) == ("succeeded", True, SPEC)
    assert [arm["name"] for arm in found["arms"]] == list(ARMS)
    for arm in found["arms"]:
        for run in arm["runs"]:
            assert run["metrics"]["test.accuracy"] == accuracy(run["seed"], arm["name"])
            assert run["curve"]["step"] == [10, 20]
            assert run["curve"]["train.loss"] == [loss(10), loss(20)]
    primary = found["comparisons"][0]
    assert primary["mean_difference"] == pytest.approx(0.02)
    assert [pair["seed"] for pair in primary["pairs"]] == [0, 1, 2]
    assert found["left_out_pairs"] is None  # not counted then
    target = found["waiting_times"]["times"][-1]
    assert [run["step"] for run in target["arms"][0]["runs"]] == [20] * 3


def test_old_experiments_are_listed_with_their_runs(api: ApiForTests) -> None:
    items = api.get("/v1/experiments", dataset=DATASET)["items"]
    assert {one["id"]: one["state"] for one in items} == {ENDED: "succeeded", UNFINISHED: "running"}
    assert {one["id"] for one in api.get("/v1/experiments", state="running")["items"]} == {
        UNFINISHED
    }
    view = api.get(f"/v1/experiments/{UNFINISHED}")
    states = {(run["seed"], run["arm"]): run["state"] for run in view["runs"]}
    assert states == {key: {"cancelling": "running"}.get(one, one) for key, one in STATES.items()}


def test_an_old_run_has_its_series_and_its_events(api: ApiForTests) -> None:
    run = run_id(ENDED, 1, "modified")
    assert api.get(f"/v1/runs/{run}")["step"] == STEPS
    series = api.get(f"/v1/runs/{run}/steps")
    assert series["step"] == list(range(1, STEPS + 1))
    assert series["loss"] == [loss(step) for step in series["step"]]
    assert set(series["false_closest_share"]) == {None}  # not measured then
    splits = [
        (one["step"], one["split"]) for one in api.get(f"/v1/runs/{run}/evaluations")["items"]
    ]
    assert splits == [(10, "validation"), (20, "test"), (20, "validation")]
    with api.http.stream("GET", f"/v1/experiments/{ENDED}/events") as stream:
        told = "".join(stream.iter_text())
    assert told.count('"to_state":"succeeded"') == 6


def test_an_old_experiment_compares_with_a_new_one(api: ApiForTests) -> None:
    made = api.submit(**{**SPEC, "seeds": {"count": 3}})
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7)
    found = api.get("/v1/comparisons", a=f"{made['id']}/vanilla", b=f"{ENDED}/vanilla")
    assert [pair["b"] for pair in found["pairs"]] == [
        accuracy(seed, "vanilla") for seed in range(3)
    ]


def test_an_old_idempotency_key_still_gives_its_experiment(api: ApiForTests) -> None:
    with api.database.transaction() as session:
        key = session.scalar(
            text("SELECT idempotency_key FROM experiments WHERE id = :id"), {"id": ENDED}
        )
    reply = api.http.post("/v1/experiments", json=SPEC, headers={"Idempotency-Key": str(key)})
    assert (reply.status_code, ENDED in reply.text) == (422, True)


def test_an_old_spec_means_the_same_and_may_be_asked_again(api: ApiForTests) -> None:
    spec = parse_spec(SPEC)
    assert (spec.early_stop, spec.checkpoint, spec.until_decided) == (None, "last", None)
    assert not any(arm.overridden for arm in spec.arms)
    said = spec.model_dump(mode="json", context=IDENTITY)  # without the fields of later
    assert all(said[name] == value for name, value in SPEC.items() if name != "arms")
    reply = api.http.post("/v1/experiments", json=SPEC, params={"dry_run": True})
    assert (reply.status_code, reply.json()["runs"]) == (200, 6)


def test_the_old_runs_that_were_lost_are_taken_back_and_claimed(api: ApiForTests) -> None:
    running, asked = run_id(UNFINISHED, 1, "modified"), run_id(UNFINISHED, 2, "vanilla")
    with api.database.transaction() as session:
        taken = take_back_lost(session, now=now(), lease_seconds=60, policy=RetryPolicy(3, 0, 0))
    assert sorted(taken) == sorted([running, asked])
    api.claim(running)
    with api.database.transaction() as session:
        runs.begin_from(session, running, 2, 10, now())
    assert api.get(f"/v1/runs/{running}/steps")["step"] == list(range(1, 11))
    states = {run.id: (run.state, run.attempt, run.step) for run in api.runs(UNFINISHED)}
    assert states[running] == ("running", 2, 10)
    assert states[asked] == ("cancelled", 1, LOST_AT)


def test_every_command_says_what_to_do_with_a_newer_schema(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tripletlab.sqlite3'}"
    migrate(url)
    database = Database(url)
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    where = {
        "TRIPLETLAB_DATA_DIR": str(tmp_path),
        "TRIPLETLAB_BROKER_URL": "redis://127.0.0.1:1/0",
        "TRIPLETLAB_PORT": "0",
    }
    commands = (["migrate"], ["keys", "list"], ["serve", "--no-worker"], ["worker"])
    for arguments in commands:
        done = run_process(*arguments, **where)  # two of them replace or end their process
        assert done.returncode == 1, done.stderr
        assert "9999" in done.stderr
        assert "install that version" in done.stderr
        assert "Traceback" not in done.stderr
    database.close()


def test_a_service_that_runs_says_it_is_not_ready_for_a_newer_schema(api: ApiForTests) -> None:
    with api.database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    reply = api.http.get("/readyz")
    assert reply.status_code == 503
    assert "install that version" in reply.json()["parts"]["migrations"]
    assert api.get("/healthz") == {"status": "ok"}
