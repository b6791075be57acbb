"""A real API process that one key attacks with all it has: others are answered meanwhile, and what
nobody waits for any more ends.

`benchmarks/hostile.py` measures how soon; here the bounds only tell an answer from none.
"""

import json
import re
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.dependencies import WAITING_OF_A_KEY
from models.states import RunState
from models.store.access.keys import create_key
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.experiments import runs_of
from models.store.metrics import rows

from support.api import SPEC, GeneratedForTests, now
from support.commands import stopped
from support.databases import SqliteForTests
from support.serving import Served
from support.stored import evaluation_row, step_row
from support.workers import wait_until

SEEDS, RESULTS, OTHERS = 80, 36, 7  # requests for results, and of each of the four other kinds
ENOUGH = 30.0  # seconds for a reply, of which a tenth of a second is expected
COUNTED = re.compile(r'tripletlab_http_seconds_count{.*route="([^"]+)",status="(\d+)"} (\d+)')


class Attacked:
    """A served API with an experiment of 160 runs, and a key for each of two clients."""

    def __init__(self, served: Served, database: Database) -> None:
        self.place = httpx.URL(served.url)
        self.experiment = httpx.post(f"{served.url}/v1/experiments", json=BODY).json()["id"]
        with database.transaction() as session:
            for run in runs_of(session, self.experiment):
                rows.append_steps(session, run.id, [step_row(step) for step in range(1, 21)])
                for step in (10, 20):
                    rows.append_evaluation(session, run.id, evaluation_row(step))
                accuracy = 0.7 + 0.001 * (run.position * 7 % 40)
                test = evaluation_row(20, "test", accuracy=accuracy, loss=None)
                rows.append_evaluation(session, run.id, test)
                run.state, run.step, run.attempt = RunState.SUCCEEDED, run.steps, 1
                self.run = run.id
            self.reader, self.other = (
                {"Authorization": f"Bearer {create_key(session, name, Scope.READ, now())[1]}"}
                for name in ("reader", "other")
            )

    def get(self, path: str, **params: int) -> httpx.Response:
        """What another client than the hostile one is answered."""
        url = self.place.join(path)
        return httpx.get(url, params=params, headers=self.other, timeout=ENOUGH)

    def of_the_hostile_key(self) -> int:
        """The status of one more long read of the hostile client."""
        url = self.place.join(f"/v1/experiments/{self.experiment}/results?target_loss=0.5")
        return httpx.get(url, headers=self.reader, timeout=ENOUGH).status_code

    def results_until_which_stay(self, hostile: list[socket.socket]) -> httpx.Response:
        """The results that the other client is answered; the hostile one leaves at once then."""
        reply = self.get(f"/v1/experiments/{self.experiment}/results")
        for connection in hostile:
            connection.close()
        return reply

    def attack(self) -> list[socket.socket]:
        """Connections that have sent their requests, and read nothing."""
        own = f"/v1/experiments/{self.experiment}"
        paths = [f"{own}/results?target_loss={number}" for number in range(1, RESULTS + 1)]
        for number in range(OTHERS):
            paths += ["/v1/experiments?limit=200", f"{own}/events"]
            paths += [f"{own}/export?table=steps", f"/v1/runs/{self.run}/predict?wait={number}"]
        return [self._sent(path) for path in paths]

    def _sent(self, path: str) -> socket.socket:
        connection = socket.create_connection((self.place.host, self.place.port))
        body = json.dumps({"question1": "a", "question2": "b"}) if "predict" in path else ""
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: localhost"]
        headers = {**self.reader, "Content-Type": "application/json", "Content-Length": len(body)}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join([*lines, "", body]).encode())
        return connection

    def ended(self) -> Counter[str]:
        """How many requests have got each status, results apart: `/results 200`, `other 200`."""
        counts: Counter[str] = Counter()
        for route, status, count in COUNTED.findall(self.get("/metrics").text):
            kind = "results" if route.endswith("/results") else "other"
            if route.startswith("/v1/") and route not in ASKED:
                counts[f"{kind} {status}"] += int(count)
        return counts


BODY = {**SPEC, "seeds": {"count": SEEDS}}
ASKED = ("/v1/recipes",)


@pytest.fixture
def attacked(
    generated: GeneratedForTests, sqlite_for_tests: SqliteForTests, tmp_path: Path
) -> Iterator[Attacked]:
    url = sqlite_for_tests.copied_to(tmp_path / "tripletlab.sqlite3")
    database = Database(url)
    generated.add_to(database)
    away = ("--broker-url", "redis://127.0.0.1:1/0")
    folder = ("--data-dir", str(generated.data_dir))
    served = Served(tmp_path, "--no-worker", *folder, "--database-url", url, *away)
    yield Attacked(served, database)
    database.close()
    assert stopped(served.process, signal.SIGTERM) == 0


def test_others_are_answered_beside_64_requests_of_a_hostile_key_which_end_with_it(
    attacked: Attacked,
) -> None:
    connections = attacked.attack()
    assert len(connections) == 64
    refused = RESULTS - WAITING_OF_A_KEY - 1
    wait_until("its share is full", lambda: attacked.ended()["results 429"] >= refused - 1)
    with ThreadPoolExecutor(1) as pool:
        own = pool.submit(attacked.results_until_which_stay, connections)
        while True:
            for path in ("/healthz", "/readyz", "/v1/recipes"):
                assert attacked.get(path).status_code in (200, 503)
            if own.done():
                break
        assert own.result().json()["complete"] is True
    # a client's reads have their turns in order, so those before this one have ended; to count the
    # replies would miss those that were ready in the moment in which their client left
    wait_until("its reads have ended", lambda: attacked.of_the_hostile_key() == 200)
    ended = attacked.ended()
    unread = ended["results 408"] + ended["results 499"]
    assert ended["results 200"] + unread + ended["results 429"] == RESULTS + 2
    # a client is missed within half a second; in that time some of what waited is worked out still
    assert unread >= WAITING_OF_A_KEY // 2
