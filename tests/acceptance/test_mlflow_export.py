"""An experiment in a real MLflow tracking server, read back through the server's own API.

MLflow pins older libraries than this project has, so it lives in an environment of its own:
`TRIPLETLAB_TEST_MLFLOW` names its command (`python -m venv M && M/bin/pip install mlflow`, then
`M/bin/mlflow`); where there is none these tests skip.
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.processes.parent_death import bound
from models.settings import Settings
from models.store.database import Database

from support.api import ApiForTests, GeneratedForTests
from support.commands import environment, tripletlab
from support.databases import SqliteForTests
from support.workers import wait_until

MLFLOW = os.environ.get("TRIPLETLAB_TEST_MLFLOW") or shutil.which("mlflow")
pytestmark = pytest.mark.skipif(
    MLFLOW is None, reason="TRIPLETLAB_TEST_MLFLOW names no mlflow command, and none is on PATH"
)


@pytest.fixture
def mlflow(tmp_path: Path) -> Iterator[httpx.Client]:
    """A tracking server that keeps artifacts itself; a client for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    store = f"sqlite:///{tmp_path / 'mlflow.sqlite3'}"
    artifacts = str(tmp_path / "artifacts")
    options = ["--backend-store-uri", store, "--artifacts-destination", artifacts]
    place = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with (tmp_path / "mlflow.log").open("wb") as log:
        server = subprocess.Popen(
            bound([str(MLFLOW), "server", *options, *place]),
            env=environment(MLFLOW_DISABLE_TELEMETRY="true"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def answers() -> bool:
        assert server.poll() is None, (tmp_path / "mlflow.log").read_text()
        try:
            return client.get("/health").is_success
        except httpx.TransportError:
            return False

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        try:
            wait_until("the MLflow server", answers)
            yield client
        finally:
            server.terminate()
            server.wait()


@pytest.fixture
def api(
    sqlite_for_tests: SqliteForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiForTests]:
    folder = tmp_path_factory.mktemp("service")
    url = sqlite_for_tests.copied_to(folder / "tripletlab.sqlite3")
    database = Database(url)
    GeneratedForTests.made_in(folder).add_to(database)
    database.close()
    with ApiForTests(Settings(data_dir=folder, database_url=url)) as started:
        yield started


def call(mlflow: httpx.Client, path: str, **body: Any) -> Any:
    reply = mlflow.post(f"/api/2.0/mlflow/{path}", json=body)
    assert reply.is_success, reply.text
    return reply.json()


def runs_in(mlflow: httpx.Client, name: str) -> dict[str, Any]:
    query = {"experiment_name": name}
    found = mlflow.get("/api/2.0/mlflow/experiments/get-by-name", params=query).json()
    number = found["experiment"]["experiment_id"]
    runs = call(mlflow, "runs/search", experiment_ids=[number])["runs"]
    assert len({run["info"]["run_name"] for run in runs}) == len(runs)
    return {run["info"]["run_name"]: run for run in runs}


def values(run: Any, what: str) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in run["data"][what]}


@pytest.mark.timeout(900)  # the server itself takes a minute to start on a busy machine
def test_an_experiment_becomes_runs_with_parameters_metrics_tags_and_files(
    api: ApiForTests, mlflow: httpx.Client
) -> None:
    made = api.submit()
    for run in made["runs"][:3]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"])
    command = ("export", "mlflow", made["id"], "--url", api.url, "--name", "kitchen")
    uri = {"MLFLOW_TRACKING_URI": str(mlflow.base_url)}
    done = tripletlab(*command, **uri)
    assert done.returncode == 0, done.stderr
    runs = runs_in(mlflow, "kitchen")
    assert set(runs) == {"vanilla seed 0", "vanilla seed 1", "modified seed 0", "comparison"}
    one = runs["vanilla seed 1"]
    assert one["info"]["status"] == "FINISHED"
    assert values(one, "metrics")["test/accuracy"] == 0.71
    parameters = values(one, "params")
    assert (parameters["arm"], parameters["seed"], parameters["batch_size"]) == (
        "vanilla",
        "1",
        "32",
    )
    assert parameters["optimizer.lr"] == "0.01"
    assert "mean_negative" in parameters["loss.terms"]
    assert values(one, "tags")["provenance.torch"] == "2.13.0"
    history = mlflow.get(
        "/api/2.0/mlflow/metrics/get-history",
        params={"run_id": one["info"]["run_id"], "metric_key": "train/loss", "max_results": 100},
    ).json()["metrics"]
    (run,) = (run for run in made["runs"] if (run["arm"], run["seed"]) == ("vanilla", 1))
    steps = api.get(f"/v1/runs/{run['id']}/steps")
    assert {metric["step"]: metric["value"] for metric in history} == dict(
        zip(steps["step"], steps["loss"], strict=True)
    )
    results = api.get(f"/v1/experiments/{made['id']}/results")
    comparison = runs["comparison"]
    tags = values(comparison, "tags")
    assert tags["verdict modified against vanilla"] == "undecided"
    assert tags["mlflow.note.content"] == results["comparisons"][0]["sentence"]
    listed = mlflow.get(
        "/api/2.0/mlflow/artifacts/list", params={"run_id": comparison["info"]["run_id"]}
    ).json()["files"]
    assert {file["path"] for file in listed} == {"spec.json", "results.json", "report.html"}
    place = comparison["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")
    spec = mlflow.get(f"/api/2.0/mlflow-artifacts/artifacts/{place}/spec.json")
    assert spec.json() == results["spec"]

    again = tripletlab(*command, **uri)
    assert "vanilla seed 1: already exported" in again.stderr
    after = runs_in(mlflow, "kitchen")
    kept = {name: run["info"]["run_id"] for name, run in runs.items() if name != "comparison"}
    assert kept == {n: run["info"]["run_id"] for n, run in after.items() if n != "comparison"}


@pytest.mark.timeout(900)
def test_a_comparison_has_its_interval_under_names_that_the_server_takes(
    api: ApiForTests, mlflow: httpx.Client
) -> None:
    arms = api.submit()["spec"]["arms"]
    made = api.submit(arms=[{**arms[0], "name": "a+b"}, {**arms[1], "name": "c"}])
    for run in made["runs"]:
        api.train(run["id"], accuracy=0.7 + 0.01 * run["seed"] * (run["arm"] == "c"))
    command = ("export", "mlflow", made["id"], "--url", api.url, "--name", "odd names")
    done = tripletlab(*command, "--no-artifacts", MLFLOW_TRACKING_URI=str(mlflow.base_url))
    assert done.returncode == 0, done.stderr
    (primary, *_) = api.get(f"/v1/experiments/{made['id']}/results")["comparisons"]
    comparison = runs_in(mlflow, "odd names")["comparison"]
    metrics = values(comparison, "metrics")
    assert metrics["c minus a b"] == primary["mean_difference"]
    assert metrics["c minus a b: low"] == primary["interval"]["low"]
    assert values(comparison, "tags")["verdict c against a b"] == primary["verdict"]


@pytest.mark.timeout(900)
def test_a_run_that_was_broken_off_is_exported_anew(api: ApiForTests, mlflow: httpx.Client) -> None:
    made = api.submit()
    run = made["runs"][0]
    api.train(run["id"], accuracy=0.7)
    number = call(mlflow, "experiments/create", name="kitchen")["experiment_id"]
    tags = [{"key": "tripletlab.run", "value": run["id"]}]
    half = call(mlflow, "runs/create", experiment_id=number, run_name="half", tags=tags)
    command = ("export", "mlflow", made["id"], "--url", api.url, "--name", "kitchen")
    done = tripletlab(*command, "--no-artifacts", "--json", "--tracking-uri", str(mlflow.base_url))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["experiment_id"] == number
    runs = runs_in(mlflow, "kitchen")
    assert set(runs) == {"vanilla seed 0", "comparison"}
    assert half["run"]["info"]["run_id"] not in {one["info"]["run_id"] for one in runs.values()}
