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
    "encoder": {"embedding_dim": 8},
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
        report = client.get(f"{where}/report")
    assert weights.status_code == 200, "the API does not see what the worker wrote"
    assert "<svg" in report.text, "no picture could be drawn"


def test_a_file_too_large_for_memory_is_taken_in(compose: ComposeForTests, key: str) -> None:
    rows = "".join(f"what is {n},what was {n},{n % 2}\n" for n in range(60_000))
    text = f"question1,question2,is_duplicate\n{rows}"
    assert len(text) > 1 << 20, "a smaller one would not be written to a file while it arrives"
    with httpx.Client(base_url=compose.url, timeout=60) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        made = client.post("/v1/datasets", data={"name": "mine"}, files={"file": ("a.csv", text)})
    assert made.status_code == 201, made.text


@pytest.mark.parametrize("name", ["redis", "api", "worker-cpu"])
def test_a_service_writes_nothing_but_its_volumes_and_memory(
    compose: ComposeForTests, name: str
) -> None:
    if not compose.contains:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("this user may not mount")
    for place, code in (("/tmp", 0), ("/data", 0), ("/", 1), ("/etc", 1), (os.getcwd(), 1)):
        asked = compose.run(name, ["sh", "-c", f"touch {place}/written && rm {place}/written"])
        assert asked.returncode == code, (place, asked.stderr)


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
