"""The store beside an MLflow tracking server, both on SQLite, taking turns on one machine.

    make peers && python benchmarks/store.py [--rounds 7]

Points stored in a second: 100 steps of ten figures a batch; ours through the function that a
worker calls, MLflow's through `runs/log-batch`, the way that its client takes. Then, over HTTP: a
curve of 10,000 steps whole (ours all ten figures at once, and the loss alone; MLflow the loss), the
same thinned to 1,000 points, and an experiment of 20 runs against 20 runs created. **The client
acknowledges at once** (TCP_QUICKACK): MLflow answers in two segments, and a client that waits would
time the kernel's 40 ms and not the server.
"""

import argparse
import http.client
import json
import os
import secrets
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from goals import tell_goal
from own_service import OwnService, own_service

from models.metrics import StepMetrics, declared
from models.store import clock
from models.store.database import Database
from models.store.metrics import rows
from models.store.metrics.rows import StepRow
from models.store.run_life import runs

PEERS = Path(os.environ.get("PEERS", Path(__file__).parents[1] / ".venv-peers"))
METRICS = (*declared(StepMetrics), "active_1")
STEPS, BATCH = 10_000, 80
BODY = {"recipe": "hard-negative-mining-small", "seeds": {"count": 10}}


class Server:
    """One connection, kept alive, that acknowledges at once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
        self._connection.connect()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, sent, {"Content-Type": "application/json"})
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        reply = self._connection.getresponse()
        content = reply.read()
        assert reply.status < 300, content
        return content

    def post(self, path: str, **body: Any) -> Any:
        return json.loads(self.call("POST", path, body))


@contextmanager
def mlflow_server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="mlflow-") as folder:
        command = [str(PEERS / "bin" / "mlflow"), "server", "--host", "127.0.0.1"]
        command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        command += ["--artifacts-destination", f"{folder}/artifacts"]
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (Path(folder) / "log").open("wb") as log:
            serving = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            yield _answering(f"http://127.0.0.1:{port}")
        finally:
            serving.terminate()
            serving.wait()


def _answering(url: str) -> Server:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            server = Server(url)
            server.call("GET", "/health")
            return server
        except (OSError, AssertionError):
            time.sleep(0.5)
    raise SystemExit("the MLflow server did not start")


def mlflow_run(server: Server, experiment: str) -> str:
    made = server.post("/api/2.0/mlflow/runs/create", experiment_id=experiment, start_time=1)
    return str(made["run"]["info"]["run_id"])


def mlflow_batch(server: Server, run: str, first: int) -> None:
    """As many steps, with all their figures, as one call may have: 1,000 metrics."""
    points = [
        {"key": key, "value": 0.5 / step, "timestamp": step, "step": step}
        for step in range(first, first + BATCH)
        for key in METRICS
    ]
    server.post("/api/2.0/mlflow/runs/log-batch", run_id=run, metrics=points)


def our_batch(database: Database, run: str, first: int) -> None:
    metrics = dict.fromkeys(declared(StepMetrics), 0.5)
    steps = [
        StepRow(step=step, **{**metrics, "loss": 0.5 / step}, active=(0.5,))
        for step in range(first, first + BATCH)
    ]
    with database.transaction() as session:
        runs.advance(
            session, run, 1, first + BATCH - 1, clock.now(session), trained_seconds=float(first)
        )
        rows.append_steps(session, run, steps)


def our_run(service: OwnService, database: Database) -> str:
    """A run that is claimed by nobody but this script."""
    made = service.client.submit({**BODY, "steps": STEPS})
    with database.transaction() as session:
        claimed = runs.claim(
            session, made.runs[0].id, worker_id="wrk_bench", cuda=False, now=clock.now(session)
        )
        assert claimed is not None
        return claimed.id


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compared(rounds: int, ours: Callable[[], object], peer: Callable[[], object]) -> list[float]:
    """Medians of ours and the peer's in seconds, and of their ratio; they take turns."""
    ours(), peer()
    pairs = [(seconds(ours), seconds(peer)) for _ in range(rounds)]
    ratio = statistics.median(theirs / own for own, theirs in pairs)
    return [*(statistics.median(side) for side in zip(*pairs, strict=True)), ratio]


def row(figure: str, found: list[float], goal: float) -> None:
    own, theirs, ratio = found
    tell_goal(figure, f"{own * 1000:.1f} ms", f"MLflow {theirs * 1000:.0f} ms", f"{ratio:.1f}",
              f"≥ {goal:g}", ratio >= goal)  # fmt: skip


def measure(service: OwnService, mlflow: Server, rounds: int) -> None:
    database = Database(service.settings.resolved_database_url)
    made = mlflow.post("/api/2.0/mlflow/experiments/create", name=secrets.token_hex(4))
    experiment = made["experiment_id"]
    own, their = our_run(service, database), mlflow_run(mlflow, experiment)
    batches = [
        (seconds(partial(our_batch, database, own, at)),
         seconds(partial(mlflow_batch, mlflow, their, at)))
        for at in range(1, STEPS, BATCH)
    ]  # fmt: skip
    ours, peer = (BATCH * len(METRICS) / statistics.median(side) for side in zip(*batches))  # noqa: B905
    ratio = statistics.median(theirs / mine for mine, theirs in batches)
    tell_goal("metric points stored", f"{ours:,.0f} /s", f"MLflow {peer:,.0f} /s", f"{ratio:.1f}",
              "≥ 20", ratio >= 20)  # fmt: skip

    tripletlab = Server(service.client.url)
    history = f"/api/2.0/mlflow/metrics/get-history?run_id={their}&metric_key=loss"
    steps = f"/v1/runs/{own}/steps"
    for figure, path in (("all figures", steps), ("the loss", f"{steps}?figures=loss")):
        found = compared(
            rounds, partial(tripletlab.call, "GET", path),
            lambda: mlflow.call("GET", history),
        )  # fmt: skip
        row(f"a curve of 10,000 steps, {figure}", found, 20)
    for figure, named in (("all figures", ""), ("the loss", "&figures=loss")):
        thin = f"{steps}?max_points=1000{named}"
        taken = [seconds(partial(tripletlab.call, "GET", thin)) for _ in range(21)]
        thinned = statistics.median(taken) * 1000
        tell_goal(f"the same thinned to 1,000 points, {figure}", f"{thinned:.1f} ms", "–", "–",
                  "< 15 ms", thinned < 15)  # fmt: skip
    found = compared(
        rounds, lambda: tripletlab.call("POST", "/v1/experiments", BODY),
        lambda: [mlflow_run(mlflow, experiment) for _ in range(20)],
    )  # fmt: skip
    row("an experiment of 20 runs created", found, 10)
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with own_service("--no-worker") as service, mlflow_server() as mlflow:
        measure(service, mlflow, asked.rounds)


if __name__ == "__main__":
    main()
