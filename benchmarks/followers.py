"""Two hundred waiting clients and fifty event streams on one API process: how soon, how idle.

    python benchmarks/followers.py [--pollers 200] [--streams 50]

Every follower waits for one experiment (`GET …?wait=30` with the tag of the reply before, or
`GET …/events`). While nothing happens the API's processor time is counted. Then runs are claimed in
the database, as a worker would, one a second, and every follower notes when it has seen it.
"""

import argparse
import asyncio
import os
import re
import statistics
import time
from pathlib import Path

from goals import tell_goal
from own_service import OwnService, own_service

from models.store import clock
from models.store.database import Database
from models.store.run_life import runs

CHANGES, IDLE = 20, 10.0
HEADER = re.compile(r"^([^:\s]+): (.*?)\r$", re.MULTILINE)
BODY = {"recipe": "hard-negative-mining-small", "seeds": {"count": 10}}


class Seen:
    """When each follower first knew of so many runs that had begun."""

    def __init__(self) -> None:
        self.times: list[dict[int, float]] = []

    def follower(self) -> dict[int, float]:
        self.times.append({})
        return self.times[-1]


async def poll(port: int, path: str, seen: dict[int, float]) -> None:
    """Ask again and again over one connection, as a client would that costs next to nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    tag = ""
    while True:
        asked = f"{path}?wait=30 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nIf-None-Match: {tag}"
        writer.write(f"GET {asked}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status, found = head.split(maxsplit=2)[1], dict(HEADER.findall(head))
        tag = found["etag"].replace('w/"', 'W/"')
        body = await reader.readexactly(int(found.get("content-length", 0)))
        if status == "200":
            note(seen, body.count(b'"state":"running"') - body[:200].count(b'"state":"running"'))
        elif status != "304":
            raise SystemExit(f"{head}{body.decode()}")


async def stream(port: int, path: str, seen: dict[int, float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    begun = 0
    async for line in reader:
        if line.startswith(b"data:") and b'"to_state":"running"' in line:
            begun += 1
            note(seen, begun)


def note(seen: dict[int, float], begun: int) -> None:
    now = time.time()
    for number in range(1, begun + 1):
        seen.setdefault(number, now)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def follow(service: OwnService, pollers: int, streams: int) -> None:
    made = service.client.submit(BODY)
    path, seen = f"/v1/experiments/{made.id}", Seen()
    port = int(service.client.url.rpartition(":")[2])
    database = Database(service.settings.resolved_database_url)
    work = [poll(port, path, seen.follower()) for _ in range(pollers)]
    work += [stream(port, path, seen.follower()) for _ in range(streams)]
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(5)
    before = processor_seconds(service.pid)
    await asyncio.sleep(IDLE)
    idle = (processor_seconds(service.pid) - before) / IDLE
    changed = []
    for run in made.runs[:CHANGES]:
        await asyncio.to_thread(claim, database, run.id)
        changed.append(time.time())
        await asyncio.sleep(1)
    await asyncio.sleep(3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    database.close()
    report(seen, changed, idle)


def claim(database: Database, run_id: str) -> None:
    with database.transaction() as session:
        now = clock.now(session)
        assert runs.claim(session, run_id, worker_id="wrk_bench", cuda=False, now=now) is not None


def report(seen: Seen, changed: list[float], idle: float) -> None:
    late = [
        one.get(number, float("inf")) - moment
        for one in seen.times
        for number, moment in enumerate(changed, start=1)
    ]
    p99 = sorted(late)[int(0.99 * (len(late) - 1))] * 1000
    middle = statistics.median(late) * 1000
    print(f"{len(seen.times)} followers, {len(changed)} changes: median {middle:.0f} ms")
    tell_goal(f"a change seen by {len(seen.times)} followers", f"99 % within {p99:.0f} ms", "–",
              "–", "< 500 ms", p99 < 500)  # fmt: skip
    tell_goal("the API's processor while nothing happens", f"{idle:.1%} of a core", "–", "–",
              "idle (< 10 %)", idle < 0.1)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pollers", type=int, default=200)
    parser.add_argument("--streams", type=int, default=50)
    asked = parser.parse_args()
    with own_service("--no-worker") as service:
        asyncio.run(follow(service, asked.pollers, asked.streams))


if __name__ == "__main__":
    main()
