"""The services of docker-compose.yml work together, started by its own commands, without Docker."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import redis

from support.compose import ComposeForTests
from support.faults.own_servers import Absent
from support.process_tree import descendants
from support.workers import wait_until

TINY = {
    "recipe": "hard-negative-mining-small",
    "seeds": {"count": 1},
    "steps": 10,
    "evaluate_every": 5,
    "split": {"train_rows": 2000, "test_rows": 200},
    "encoder": {"embedding_dim": 8, "hidden_dim": 8},
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeForTests]:
    try:
        made = ComposeForTests(tmp_path_factory.mktemp("compose"))
    except Absent as absent:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(absent))
    try:
        for name in ("redis", "api", "worker-cpu"):
            made.start(name)
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def key(compose: ComposeForTests) -> str:
    create = ["tripletlab", "keys", "create", "ada", "--scope", "submit"]
    made = compose.run("api", create)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_an_experiment_goes_through_api_broker_worker_and_database(
    compose: ComposeForTests, key: str
) -> None:
    with httpx.Client(base_url=compose.url, timeout=60) as client:
        assert client.post("/v1/experiments", json=TINY).status_code == 401
        client.headers["Authorization"] = f"Bearer {key}"
        posted = client.post("/v1/experiments", json=TINY)
        assert posted.status_code == 202, posted.text
        where = posted.headers["location"]
        ended = wait_until(
            "the experiment succeeds",
            lambda: (
                client.get(where).json()
                if client.get(where).json()["state"] in ("succeeded", "failed")
                else None
            ),
        )
        assert ended["state"] == "succeeded", ended
        run = ended["runs"][0]["id"]
        weights = client.get(f"/v1/runs/{run}/weights")
    assert weights.status_code == 200, "the API does not see what the worker wrote"


def test_broker_and_database_let_nobody_in_without_their_password(compose: ComposeForTests) -> None:
    with (
        redis.Redis(port=compose.ports["redis"]) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(f"postgresql://tripletlab@127.0.0.1:{compose.ports['postgres']}/tripletlab")


def test_no_argument_of_a_process_and_no_line_of_a_log_has_a_password(
    compose: ComposeForTests, key: str
) -> None:
    secrets = [compose.secret("postgres_password"), compose.secret("redis_password"), key]
    for name, process in compose.processes.items():
        said = compose.log(name)
        for pid in descendants(process.pid):
            said += Path(f"/proc/{pid}/cmdline").read_text()
        assert not [secret for secret in secrets if secret in said], name


def test_a_worker_that_was_stopped_is_told_by_its_health_check(compose: ComposeForTests) -> None:
    assert compose.stop("worker-cpu") == 0
    assert not compose.healthy("worker-cpu")
