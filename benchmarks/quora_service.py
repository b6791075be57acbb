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
        return b"worker.attempt\0" in (entry / "cmdline").read_bytes()
    except OSError:
        return False


def upload(service: OwnService, file: Path) -> None:
    begun = time.perf_counter()
    service.client.upload(file, DATASET)
    seconds = time.perf_counter() - begun
    peak = memory_peak(service.pid)
    tell_goal("preparing the Quora file (checked, hashed, tokenised, profiled)", f"{seconds:.1f} s",
              "–", "–", "< 20 s", seconds < 20)  # fmt: skip
    tell_goal("memory of the API while it does", f"{peak} MiB", "–", "–", "< 1.5 GiB", peak < 1536)


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


def measure(slots: int, file: Path, steps: int, question: bool) -> list[float]:
    """Seconds of each of two runs on a worker of so many slots."""
    with own_service(workers=slots) as service:
        client = service.client
        upload(service, file)
        start = statistics.median([first_step(client) for _ in range(4)][1:])
        tell_goal("from POST to the first recorded step", f"{start:.2f} s", "–", "–", "< 1 s",
                  start < 1)  # fmt: skip
        peak = PeakOfAttempts()
        _, each = trained(client, steps)
        peak.stop()
        shown = " and ".join(f"{seconds:.1f}" for seconds in each)
        print(f"{slots} slots: runs of {steps} steps took {shown} s, at most {peak.mib} MiB")
        if question:
            whole, _ = trained(client, 1400)
            print(
                f"the forum's question, 2 runs of 1,400 steps: {whole:.0f} s from POST to verdict"
            )
        return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--question", action="store_true")
    asked = parser.parse_args()
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if not file:
        sys.exit("TRIPLETLAB_QUORA_FILE names no file")
    alone = measure(1, Path(file), asked.steps, False)
    beside = measure(2, Path(file), asked.steps, asked.question)
    ratio = statistics.mean(beside) / statistics.mean(alone)
    shown = f"{statistics.mean(beside):.1f} s", f"alone {statistics.mean(alone):.1f} s"
    figure = f"a run of {asked.steps} steps beside another"
    tell_goal(figure, *shown, f"{ratio:.2f}", "≤ 1.1", ratio <= 1.1)


if __name__ == "__main__":
    main()
