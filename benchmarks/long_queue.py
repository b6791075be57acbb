"""How the service answers while 10,000 runs wait, and whether workers then lose any of them.

    python benchmarks/long_queue.py --server postgresql://postgres@127.0.0.1:5432/postgres
    python benchmarks/long_queue.py            # the same on SQLite

The API is the command in a process of its own, the broker a Redis or Valkey of this script's own,
and the PostgreSQL database one that it makes and drops. **The drain does not train**: its workers
(`queue_drain.py`) take the messages through Celery, claim, write figures and finish as real ones
do, and put two made-up steps where a training would be; one of them is killed on the way.
`--real N` then has a real worker train N runs of two steps.
"""

import argparse
import json
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
from own_service import own_service
from sqlalchemy import func, select

from api.serving.embedded_broker import EmbeddedBroker
from models.broker import ANY_QUEUE, celery_app, waiting_messages
from models.settings import Settings
from models.states import TERMINAL
from models.store.database import Database
from models.store.tables import Event, Experiment, Run, Step
from worker.housekeeping.reaper import reap

DRAIN = Path(__file__).with_name("queue_drain.py")
LIST = "/v1/experiments"  # 50 of them, where nothing else is asked
TINY: dict[str, Any] = {
    "recipe": "hard-negative-mining-small",
    "encoder": {"kind": "bag", "embedding_dim": 4},
    "split": {"train_rows": 1000, "test_rows": 100},
    "batch_size": 16,
    "steps": 2,
    "evaluate_every": 2,
    "validation_pairs": 32,
}


def main() -> None:
    asked = arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="long-queue-")))
        broker = stack.enter_context(EmbeddedBroker(folder / "broker"))
        url = stack.enter_context(database(asked.server)) if asked.server else ""
        own = own_service("--no-worker", database_url=url, broker_url=broker.url, workers=2)
        service = stack.enter_context(own)
        settings = service.settings
        client = stack.enter_context(httpx.Client(base_url=service.client.url, timeout=120))
        store = Database(settings.resolved_database_url)
        fill(client, asked.experiments, asked.seeds)
        measure(client, store, asked.calls)
        rounds(store, settings)
        drain(store, settings, asked.workers, folder / "drain.log")
        if asked.real:
            train(client, store, settings, asked.real, folder / "worker.log")
        store.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="a PostgreSQL on which a database may be made")
    parser.add_argument("--experiments", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=100, help="each with two arms")
    parser.add_argument("--calls", type=int, default=100, help="of each kind")
    parser.add_argument("--workers", type=int, default=4, help="that drain the queue")
    parser.add_argument("--real", type=int, default=0, help="runs that a real worker trains")
    return parser.parse_args()


@contextmanager
def database(server: str) -> Iterator[str]:
    name = f"long_queue_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def child(command: list[str], settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=settings.environment(), stdout=output, stderr=output, cwd=log.parent
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def timed(send: Callable[..., httpx.Response], *given: Any, **more: Any) -> tuple[float, Any]:
    """Milliseconds to the whole reply, and what it says."""
    begun = time.perf_counter()
    reply = send(*given, **more)
    reply.raise_for_status()
    return (time.perf_counter() - begun) * 1000, reply.json()


def tell(what: str, milliseconds: list[float]) -> None:
    p99 = sorted(milliseconds)[int(0.99 * (len(milliseconds) - 1))]
    median = statistics.median(milliseconds)
    print(f"{what:45} n={len(milliseconds):4}  median {median:7.1f} ms  p99 {p99:7.1f} ms")


def post(client: httpx.Client, seeds: int) -> tuple[float, Any]:
    body = {**TINY, "name": "Of a long queue", "seeds": {"count": seeds}}
    return timed(client.post, LIST, json=body)


def fill(client: httpx.Client, experiments: int, seeds: int) -> None:
    tell(f"POST of {2 * seeds} runs, filling", [post(client, seeds)[0] for _ in range(experiments)])


def measure(client: httpx.Client, store: Database, calls: int) -> None:
    print(f"{left(store):,} runs wait")
    made = client.get(LIST).json()["items"]
    # what the machine itself takes for a reply, without database and queue
    tell("healthz", [timed(client.get, "/healthz")[0] for _ in range(calls)])
    posts = [post(client, 10) for _ in range(calls)]
    tell("POST of 20 runs", [taken for taken, _ in posts])
    tell("list of 50", [timed(client.get, LIST)[0] for _ in range(calls)])
    paths = [f"{LIST}/{made[number % len(made)]['id']}" for number in range(calls)]
    tell("poll of 200 runs", [timed(client.get, path)[0] for path in paths])
    paths = [f"{LIST}/{view['id']}" for _, view in posts]
    tell("poll of 20 runs", [timed(client.get, path)[0] for path in paths])
    tell("cancel of 20 runs", [timed(client.post, f"{path}/cancel")[0] for path in paths])
    posts = [post(client, 100) for _ in range(calls // 10)]
    tell("POST of 200 runs, in a row", [taken for taken, _ in posts])
    apart = []
    for _ in range(calls // 10):
        time.sleep(0.5)  # the messages of the one before have gone out
        apart.append(post(client, 100))
    tell("POST of 200 runs, half a second apart", [taken for taken, _ in apart])
    paths = [f"{LIST}/{view['id']}" for _, view in posts + apart]
    tell("cancel of 200 runs", [timed(client.post, f"{path}/cancel")[0] for path in paths])
    print(f"{left(store):,} runs wait")


def rounds(store: Database, settings: Settings) -> None:
    """The reaper's rounds over the whole queue, with every run's last message too old."""
    app = celery_app(settings.broker_url)
    eager = settings.model_copy(update={"resubmit_seconds": 1e-6})
    taken = []
    before = waiting_messages(app, ANY_QUEUE)
    for _ in range(20):
        begun = time.perf_counter()
        reap(store, app, eager)
        taken.append((time.perf_counter() - begun) * 1000)
    tell("a round of the reaper", taken)
    print(f"{before:,} messages before 20 rounds, {waiting_messages(app, ANY_QUEUE):,} after")
    app.close()


def drain(store: Database, settings: Settings, count: int, log: Path) -> None:
    """Workers that do not train empty the queue, while one is killed and a reaper goes round."""
    waiting, begun = left(store), time.perf_counter()
    app = celery_app(settings.broker_url)
    quick = settings.model_copy(update={"lease_seconds": 5.0, "resubmit_seconds": 5.0})
    with ExitStack() as stack:
        own = [
            stack.enter_context(child([sys.executable, str(DRAIN), str(number)], quick, log))
            for number in range(count)
        ]
        killed = False
        while (now := left(store)) > 0:
            reap(store, app, quick)
            if not killed and now < waiting / 2:
                own[0].send_signal(signal.SIGKILL)
                killed = True
                print(f"killed one of {count} workers when {now:,} runs were left")
            time.sleep(1)
    app.close()
    seconds = time.perf_counter() - begun
    print(f"drained {waiting:,} runs without training in {seconds:.0f} s")
    account(store)


def left(store: Database) -> int:
    with store.reading() as session:
        open_ = select(func.count()).where(Run.state.not_in(TERMINAL))
        return session.scalar(open_.select_from(Run)) or 0


def account(store: Database) -> None:
    """What became of every run, by its row, its events and its steps."""
    with store.reading() as session:
        states = dict(session.execute(select(Run.state, func.count()).group_by(Run.state)).all())
        again = session.scalar(select(func.count()).select_from(Run).where(Run.attempt > 1))
        ends = select(Event.run_id).where(Event.to_state.in_(TERMINAL)).group_by(Event.run_id)
        ended = len(session.execute(ends).all())
        twice = len(session.execute(ends.having(func.count() > 1)).all())
        steps = select(Step.run_id).group_by(Step.run_id).having(func.count() == 2)
        whole = len(session.execute(steps).all())
        experiments = session.scalar(select(func.count()).select_from(Experiment))
    print(
        f"{experiments} experiments, runs by state {json.dumps(states)}; {ended:,} ended, {twice} "
        f"of them twice; {again} began again; {whole:,} have both steps once"
    )


def train(client: httpx.Client, store: Database, settings: Settings, count: int, log: Path) -> None:
    """A real worker trains so many runs of two steps."""
    _, view = post(client, count // 2)
    begun = time.perf_counter()
    with child([sys.executable, "-m", "worker"], settings, log):
        while left(store):
            time.sleep(1)
    seconds = time.perf_counter() - begun
    states = [run["state"] for run in client.get(f"/v1/experiments/{view['id']}").json()["runs"]]
    done = states.count("succeeded")
    print(f"a real worker of 2 slots trained {done} of {len(states)} runs in {seconds:.0f} s")


if __name__ == "__main__":
    main()
