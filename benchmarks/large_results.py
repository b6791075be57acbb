"""What experiments of thousands of runs cost: the list, a view, the results, memory, other readers.

    python benchmarks/large_results.py                 # 16 x 200 and 64 x 40, on SQLite
    python benchmarks/large_results.py --server postgresql://postgres@127.0.0.1:5432/test
    python benchmarks/large_results.py --curve         # 10 to 10,000 runs of ten arms
    python benchmarks/large_results.py --older         # runs whose sums were not kept at their end

The API is the command in a process of its own, started anew for each shape, and each reply is asked
for twice: the first time it is worked out, then it is kept. Beside the time is that of the
processor, which other work on the machine moves less. Eight clients then ask for the results again
and again, as they are kept, and then each for another target loss, so that each is worked out;
meanwhile another asks for `/healthz`. `--listed 1000` is the number of seeds of another experiment
of as many arms, the largest that is allowed, for the list alone.
"""

import argparse
import math
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import httpx
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from goals import tell_goal
from large_experiments import filled, made_experiment
from memory import memory_now, memory_peak
from own_service import OwnService, own_service

from models.store.database import Database

from support.databases import postgres_database

SHAPES = ("16x200", "64x40")
CURVE = tuple(f"10x{seeds}" for seeds in (1, 3, 10, 32, 100, 320, 1000))
CURVE_PAIRS = 1_024
READERS, PROBES, PAUSE = 8, 100, 0.05  # clients; requests for /healthz, seconds between them
LIST, VIEW, RESULTS, AGAIN, HEALTH = 0.1, 0.2, 5.0, 1.0, 0.02  # seconds, of the goals
MOST_MEMORY = 300  # MiB, more than before the reply
MOST_SLOPE = 1.1


class Measured:
    """The times of one reply, in seconds, and what it added to the API's memory, in MiB."""

    def __init__(self, what: str, service: OwnService, ask: Callable[[], int]) -> None:
        Path(f"/proc/{service.pid}/clear_refs").write_text("5")  # its peak is counted anew
        before = memory_now(service.pid)
        self.first, used, size = timed(service.pid, ask)
        self.again, used_again, _ = timed(service.pid, ask)
        self.memory = memory_peak(service.pid) - before
        print(
            f"| {what} | {size / 1e6:.1f} MB | {self.first:.2f} s | {used:.2f} s | "
            f"{self.again:.2f} s | {used_again:.2f} s | {self.memory} MiB |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", nargs="*", default=SHAPES, help="arms x seeds")
    parser.add_argument("--server", help="PostgreSQL, instead of SQLite")
    parser.add_argument("--test-pairs", type=int, default=10_240)
    parser.add_argument("--listed", type=int, default=0, help="seeds of one for the list alone")
    parser.add_argument("--report", action="store_true", help="whose pictures take longest")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--older", action="store_true")
    asked = parser.parse_args()
    if asked.curve:
        curve(asked.server)
        return
    for shape in asked.shapes:
        held = holding(shape, asked.server, asked.test_pairs, asked.listed, summed=not asked.older)
        with held as (service, experiment):
            measure(service, experiment, shape, report=asked.report)


@contextmanager
def holding(
    shape: str, server: str | None, test_pairs: int, listed: int = 0, *, summed: bool = True
) -> Iterator[tuple[OwnService, str]]:
    """A service that has an experiment of this shape, and the id of it."""
    arms, seeds = map(int, shape.split("x"))
    with ExitStack() as stack:
        url = stack.enter_context(postgres_database(server)) if server else ""
        service = stack.enter_context(own_service("--no-worker", database_url=url))
        store = Database(service.settings.resolved_database_url)
        made = made_experiment(store, arms, seeds)
        filled(service, store, made, test_pairs, summed=summed)
        if server:
            with store.transaction() as session:
                session.execute(text("ANALYZE"))  # as the server does by itself, after a minute
        if listed:
            filled(service, store, made_experiment(store, arms, listed), 0)
        store.close()
        yield service, made


def measure(service: OwnService, experiment: str, shape: str, *, report: bool) -> None:
    place = f"/v1/experiments/{experiment}"
    print(f"\n{shape}\n\n| reply | size | first | processor | again | processor | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with httpx.Client(base_url=service.client.url, timeout=1200) as client:

        def asked(what: str, path: str) -> Measured:
            return Measured(what, service, lambda: read(client, path))

        read(client, "/v1/recipes")  # whatever the first request of a process costs
        listed = asked("the list", "/v1/experiments")
        viewed = asked("the experiment's view", place)
        results = asked("the results", f"{place}/results")
        asked("the results with a target", f"{place}/results?target_loss=5")
        if shape.startswith("16x"):
            pair = f"/v1/comparisons?a={experiment}/arm 1&b={experiment}/arm 0"
            asked("two arms compared", pair)
        if report:
            asked("the report", f"{place}/report")
    kept = health(service, lambda _: f"{place}/results")
    made = health(service, lambda number: f"{place}/results?target_loss={number + 10}")
    print()
    goal(f"the list with {shape}", listed.first, LIST)
    goal(f"the view of {shape}", viewed.first, VIEW)
    goal(f"the results of {shape}", results.first, RESULTS)
    goal("the same again", results.again, AGAIN)
    memory = max(one.memory for one in (listed, viewed, results))
    met = memory < MOST_MEMORY
    tell_goal("most memory of these", f"{memory} MiB", "–", "–", f"< {MOST_MEMORY} MiB", met)
    goal("`/healthz` beside 8 readers of kept results, median", kept, HEALTH)
    goal("`/healthz` beside 8 readers of new results, median", made, HEALTH)


def goal(figure: str, seconds: float, most: float) -> None:
    tell_goal(figure, f"{seconds:.3f} s", "–", "–", f"< {most:g} s", seconds < most)


def health(service: OwnService, path: Callable[[int], str]) -> float:
    """The median time of /healthz while eight clients ask for results, in seconds."""
    over, numbers, url = threading.Event(), count(), service.client.url

    def reading() -> None:
        with httpx.Client(base_url=url, timeout=1200) as client:
            while not over.is_set():
                with client.stream("GET", path(next(numbers))) as reply:
                    for _ in reply.iter_raw(2**20):
                        if over.is_set():
                            return

    readers = [threading.Thread(target=reading, daemon=True) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    times = []
    with httpx.Client(base_url=url, timeout=60) as client:
        for _ in range(PROBES):
            begun = time.perf_counter()
            client.get("/healthz").raise_for_status()
            times.append(time.perf_counter() - begun)
            time.sleep(PAUSE)
    over.set()
    for reader in readers:
        reader.join(1)  # those that wait for a new reply hang up with this process
    return statistics.median(times)


def curve(server: str | None) -> None:
    """The results of more and more runs, and how their time grows with the runs."""
    points = []
    print("| runs | results, first | processor |\n| --- | --- | --- |")
    for shape in CURVE:
        with (
            holding(shape, server, CURVE_PAIRS) as (service, experiment),
            httpx.Client(base_url=service.client.url, timeout=1200) as client,
        ):
            read(client, f"/v1/experiments/{made_small(service)}/results")  # imports

            def results(client: httpx.Client = client, experiment: str = experiment) -> int:
                return read(client, f"/v1/experiments/{experiment}/results")

            taken, used, _ = timed(service.pid, results)
        runs = 10 * int(shape.partition("x")[2])
        points.append((math.log(runs), math.log(max(used, 0.01))))
        print(f"| {runs:,} | {taken:.2f} s | {used:.2f} s |", flush=True)
    slope = statistics.linear_regression(*zip(*points, strict=True)).slope
    (x, y), (to_x, to_y) = points[-2:]
    last = (to_y - y) / (to_x - x)
    print(f"slope of the processor's time: {slope:.2f} over all, {last:.2f} over the last two")
    tell_goal("slope", f"{slope:.2f}", "–", "–", f"<= {MOST_SLOPE}", slope <= MOST_SLOPE)


def made_small(service: OwnService) -> str:
    """Another experiment, of two arms and six seeds."""
    store = Database(service.settings.resolved_database_url)
    made = made_experiment(store, 2, 6)
    filled(service, store, made, CURVE_PAIRS)
    store.close()
    return made


def timed(pid: int, ask: Callable[[], int]) -> tuple[float, float, int]:
    """Seconds of a reply, those of the API's processor, and its bytes."""
    begun, used = time.perf_counter(), processor(pid)
    size = ask()
    return time.perf_counter() - begun, processor(pid) - used, size


def read(client: httpx.Client, path: str) -> int:
    """The bytes of a reply, which is read to its end."""
    with client.stream("GET", path) as reply:
        reply.raise_for_status()
        return sum(map(len, reply.iter_raw()))


def processor(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
