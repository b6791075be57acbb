"""The service on the Quora pairs: what an upload, a start, a second run and the question cost.

    TRIPLETLAB_QUORA_FILE=… python benchmarks/quora_service.py [--steps 300] [--question]

A service of this script's own on SQLite and an embedded broker, first with one slot, then with two.
The runs are those of the recipe `hard-negative-mining`, shorter. `--question` adds the whole forum
question: two arms, one seed, 1,400 steps, evaluations included.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from goals import tell_goal
from memory import memory_peak
from own_service import OwnService, own_service

from api.client import ENDED, Client

DATASET = "quora-question-pairs"


class PeakOfAttempts:
    """Looks at the processes of attempts all the time; `mib` is the largest seen."""

    def __init__(self) -> None:
        self.mib = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit() and _is_attempt(entry):
                    self.mib = max(self.mib, memory_peak(int(entry.name)))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _is_attempt(entry: Path) -> bool:
    try:
        return (entry / "cmdline").read_bytes().startswith(b"tripletlab attempt ")
    except OSError:
        return False


def upload(service: OwnService, file: Path) -> tuple[float, int]:
    """Seconds until the data set is ready, and the MiB that the API had at most."""
    begun = time.perf_counter()
    service.client.upload(file, DATASET)
    return time.perf_counter() - begun, memory_peak(service.pid)


def body(steps: int) -> dict[str, Any]:
    """Two arms under one seed: two runs."""
    return {
        "recipe": "hard-negative-mining",
        "seeds": {"count": 1},
        "steps": steps,
        "evaluate_every": 100,
    }


def ended(client: Client, experiment: str) -> list[dict[str, Any]]:
    """Its runs, once all have ended."""
    while True:
        view = client.get(f"/v1/experiments/{experiment}", wait=30)
        if view["state"] in ENDED:
            return [client.get(f"/v1/runs/{run['id']}") for run in view["runs"]]


def trained(client: Client, steps: int) -> tuple[float, list[float]]:
    """Seconds from the POST to the end, and those of each run."""
    begun = time.perf_counter()
    runs = ended(client, client.submit(body(steps)).id)
    seconds = time.perf_counter() - begun
    assert all(run["state"] == "succeeded" for run in runs), runs
    return seconds, [taken(run["started_at"], run["finished_at"]) for run in runs]


def taken(begun: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begun)).total_seconds()


def first_step(client: Client) -> float:
    """Seconds from the POST until a step of the experiment is recorded; then it is cancelled."""
    begun = time.perf_counter()
    made = client.submit(body(1400))
    while not any(client.get(f"/v1/runs/{run.id}")["step"] for run in made.runs):
        time.sleep(0.01)
    seconds = time.perf_counter() - begun
    client.cancel(made)
    ended(client, made.id)
    return seconds


def alone(file: Path, steps: int) -> list[float]:
    """Seconds of each of two runs, one after the other."""
    with own_service(workers=1) as service:
        upload(service, file)
        first_step(service.client)  # warm
        return trained(service.client, steps)[1]


def beside(file: Path, steps: int, question: bool) -> list[float]:
    """Seconds of each of two runs at the same time; and what else there is to tell of a service."""
    with own_service(workers=2) as service:
        seconds, api = upload(service, file)
        goal("preparing the Quora file (checked, hashed, tokenised, profiled)", seconds, "s", 20)
        goal("memory of the API while it does", api, "MiB", 1536)
        starts = [first_step(service.client) for _ in range(4)][1:]
        goal("from POST to the first recorded step", statistics.median(starts), "s", 1)
        peak = PeakOfAttempts()
        _, each = trained(service.client, steps)
        peak.stop()
        goal("memory of a training process", peak.mib, "MiB", 1024)
        if question:
            whole, _ = trained(service.client, 1400)
            goal("the forum's question, 2 runs of 1,400 steps", whole, "s", 120)
        return each


def goal(figure: str, found: float, unit: str, below: float) -> None:
    shown = f"{found:.2f}" if isinstance(found, float) else f"{found}"
    tell_goal(figure, f"{shown} {unit}", "–", "–", f"< {below:g} {unit}", found < below)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--question", action="store_true")
    asked = parser.parse_args()
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if not file:
        sys.exit("TRIPLETLAB_QUORA_FILE names no file")
    one = statistics.mean(alone(Path(file), asked.steps))
    two = statistics.mean(beside(Path(file), asked.steps, asked.question))
    figure = f"a run of {asked.steps} steps beside another"
    tell_goal(
        figure, f"{two:.1f} s", f"alone {one:.1f} s", f"{two / one:.2f}", "≤ 1.1", two <= 1.1 * one
    )


if __name__ == "__main__":
    main()
