"""How an API that 64 clients attack at once answers others, and how soon it ends what they left.

    python benchmarks/hostile.py                    # SQLite and a Redis on this machine
    python benchmarks/hostile.py --server postgresql://postgres@127.0.0.1:5432/test
    python benchmarks/hostile.py --kinds results "event streams" --seconds 20

A service of its own, started with the command, holds experiments that are allowed and large
(`hostile_targets.py`). For each kind of request (`hostile_requests.py`), 64 clients in a process of
their own ask again and again, first patiently, then hanging up after three seconds; whoever is
refused (429) rests for a second. Another process
meanwhile asks `/healthz`, `/readyz` and `/v1/recipes`, each 20 times a second, with a key and a
connection of its own; it also asks a server that does nothing, whose times are the machine's own
share. When the clients have hung up, the processor time of the API tells when it is idle again.

Goals, for each kind: the 99th percentile of these three is below 0.5 s, the API's resident memory
below 1 GiB, and it is idle within 5 s of the last client's going. The script ends with 1 where one
is missed.
"""

import argparse
import json
import math
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from followers import processor_seconds
from goals import tell_goal
from hostile_requests import Kind, Requests, raw
from hostile_targets import fill
from memory import memory_peak
from own_service import OwnService, own_service

from models.store import clock
from models.store.access.keys import create_key
from models.store.access.scopes import Scope
from models.store.database import Database
from models.store.tables import Prediction

from support.databases import postgres_database
from support.redis import RedisForTests

CLIENTS = str(Path(__file__).with_name("hostile_clients.py"))
PROBED = ("/healthz", "/readyz", "/v1/recipes")
AT_ONCE, PATIENCE = 64, 3.0
SLOWEST, MOST_MEMORY, LONGEST_REST = 0.5, 1024, 5.0  # seconds, MiB, seconds
IDLE, LOOK = 0.1, 0.25  # of a core, over a second; seconds between two looks
WARM_UP = 4.0  # seconds
GIVEN_UP = 60.0  # seconds after which it counts as never idle


@dataclass(frozen=True)
class Measured:
    """What one kind of request did to others; times are in seconds."""

    times: dict[str, list[float]]
    statuses: dict[str, int]
    memory: int
    """MiB."""
    rest: float
    """From the last client's going until the API was idle."""
    cores: float
    """Of the processor's time, what the API had of it meanwhile, in cores."""

    def quantile(self, name: str, share: float) -> float:
        ordered = sorted(self.times[name])
        return ordered[int(share * (len(ordered) - 1))]

    @property
    def slowest(self) -> float:
        return max(self.quantile(path, 0.99) for path in PROBED)

    @property
    def met(self) -> bool:
        in_time = self.slowest < SLOWEST and self.rest <= LONGEST_REST
        return in_time and self.memory < MOST_MEMORY


class Attacked:
    """A service under attack, and what else is asked meanwhile."""

    def __init__(self, service: OwnService, nothing: int, key: str) -> None:
        self._pid, self.port = service.pid, int(service.client.url.rpartition(":")[2])
        self.database = Database(service.settings.resolved_database_url)
        own = {path: (self.port, raw("GET", path, key, {})) for path in PROBED}
        self._probes = {**own, "nothing": (nothing, raw("GET", "/", "", {}))}

    def measure(self, kind: Kind | None, seconds: float) -> Measured:
        """Attack for `seconds` with patience, then for as long without; None attacks not at all."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")  # its peak is counted anew
        if kind is not None:  # what is imported at the first request of a kind is no attack
            first = Kind(kind.requests[:1], kind.reads)
            ended(self._attack(first, WARM_UP, WARM_UP, clients=1))
        times: dict[str, list[float]] = {name: [] for name in self._probes}
        statuses: Counter[str] = Counter()
        begun, used = time.monotonic(), processor_seconds(self._pid)
        for patience in (seconds, PATIENCE):
            probing = started("probe", requests=self._probes, seconds=seconds)
            if kind is not None:
                statuses.update(ended(self._attack(kind, seconds, patience)))
            for name, some in ended(probing).items():
                times[name] += some
        cores = (processor_seconds(self._pid) - used) / (time.monotonic() - begun)
        rest = self._seconds_until_idle()
        with self.database.transaction() as session:  # else the next kind meets their quota
            session.execute(delete(Prediction))
        return Measured(times, statuses, memory_peak(self._pid), rest, cores)

    def _attack(
        self, kind: Kind, seconds: float, patience: float, clients: int = AT_ONCE
    ) -> "subprocess.Popen[str]":
        return started(
            "attack",
            port=self.port,
            requests=kind.requests,
            clients=clients,
            seconds=seconds,
            patience=patience,
            reads=kind.reads,
        )

    def _seconds_until_idle(self) -> float:
        """From now until the beginning of the first second in which it computed next to nothing."""
        begun, looks = time.monotonic(), deque[tuple[float, float]]()
        while time.monotonic() - begun < GIVEN_UP:
            looks.append((time.monotonic() - begun, processor_seconds(self._pid)))
            (since, before), (now, after) = looks[0], looks[-1]
            if now - since >= 1.0:
                if after - before < IDLE * (now - since):
                    return since
                looks.popleft()
            time.sleep(LOOK)
        return math.inf


def started(side: str, **given: Any) -> "subprocess.Popen[str]":
    """A process of `hostile_clients.py` that has got its orders."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, CLIENTS, side], stdin=pipe, stdout=pipe, text=True)
    assert process.stdin is not None
    json.dump(given, process.stdin)
    process.stdin.close()
    return process


def ended(process: "subprocess.Popen[str]") -> Any:
    """What it found."""
    assert process.stdout is not None
    found = json.load(process.stdout)
    process.wait()
    return found


@contextmanager
def server_that_does_nothing() -> Iterator[int]:
    """Its port."""
    pipe = subprocess.PIPE
    command = [sys.executable, CLIENTS, "answer"]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def a_key(database: Database, scope: Scope) -> str:
    with database.transaction() as session:
        _, secret = create_key(session, scope.name.lower(), scope, clock.now(session))
    return secret


def report(kind: str, found: Measured) -> None:
    """Print a row of the table."""
    cells = []
    for name in (*PROBED, "nothing"):
        half, most = found.quantile(name, 0.5), found.quantile(name, 0.99)
        cells.append(f"{half:.3f} / {most:.3f} / {max(found.times[name]):.2f}")
    replies = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items()))
    row = [kind, replies or "–", *cells, f"{found.cores:.2f}", f"{found.memory:,}"]
    row.append(f"{found.rest:.1f}")
    print(f"| {' | '.join(row)} | {'yes' if found.met else '**no**'} |", flush=True)


def tell_goals(all_found: dict[str, Measured]) -> bool:
    """Print the goals over all kinds; whether each was met."""
    slowest = max(all_found, key=lambda kind: all_found[kind].slowest)
    largest = max(all_found, key=lambda kind: all_found[kind].memory)
    longest = max(all_found, key=lambda kind: all_found[kind].rest)
    seconds, memory = all_found[slowest].slowest, all_found[largest].memory
    rest, beside = all_found[longest].rest, f"beside {AT_ONCE} hostile clients"
    print()
    tell_goal(f"{', '.join(PROBED)} {beside} ({slowest})", f"99 % within {seconds * 1000:.0f} ms",
              "–", "–", f"< {SLOWEST * 1000:.0f} ms", seconds < SLOWEST)  # fmt: skip
    tell_goal(f"memory of the API {beside} ({largest})", f"{memory} MiB", "–", "–",
              f"< {MOST_MEMORY} MiB", memory < MOST_MEMORY)  # fmt: skip
    tell_goal(f"until the API is idle once they hang up ({longest})", f"{rest:.1f} s", "–", "–",
              f"≤ {LONGEST_REST:.0f} s", rest <= LONGEST_REST)  # fmt: skip
    return all(found.met for found in all_found.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="PostgreSQL, instead of SQLite")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each half of a kind")
    parser.add_argument("--kinds", nargs="*", default=[], help="only these")
    asked = parser.parse_args()
    with ExitStack() as stack:
        redis = RedisForTests(asked.redis)
        stack.callback(redis.give_up)
        url = stack.enter_context(postgres_database(asked.server)) if asked.server else ""
        own = own_service("--no-worker", database_url=url, broker_url=redis.url)
        service = stack.enter_context(own)
        targets = fill(service)
        nothing = stack.enter_context(server_that_does_nothing())
        database = Database(service.settings.resolved_database_url)
        stack.callback(database.close)
        keys = (a_key(database, Scope.READ), a_key(database, Scope.SUBMIT))
        attacked = Attacked(service, nothing, a_key(database, Scope.READ))
        kinds: dict[str, Kind | None] = {"nothing": None, **Requests(targets, *keys).kinds()}
        print(f"{asked.server and 'PostgreSQL' or 'SQLite'}; seconds: median / 99 % / most")
        print("| 64 clients ask for | replies |", " | ".join((*PROBED, "nothing")),
              "| cores | memory, MiB | idle after, s | met |")  # fmt: skip
        print("|" + " --- |" * (len(PROBED) + 7))
        found = {}
        for name, kind in kinds.items():
            if not asked.kinds or name in asked.kinds:
                found[name] = attacked.measure(kind, asked.seconds)
                report(name, found[name])
        attacked.database.close()
    sys.exit(0 if tell_goals(found) else 1)


if __name__ == "__main__":
    main()
