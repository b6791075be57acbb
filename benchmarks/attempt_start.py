"""How soon an attempt trains: from its fork to its first step, on a data set that is prepared.

    [TRIPLETLAB_QUORA_FILE=…] PYTHONPATH=. python benchmarks/attempt_start.py [--runs 8]

The experiments come from a service without a worker; then this process is the slot, which has torch
imported and forks an attempt for each run. The first step of a run begins after the claim, the
arrays and the network. The first run of an experiment measures the lines that take no training too,
once, so it is not counted.
"""

import argparse
import os
import time
from statistics import median
from typing import NoReturn

import torch
from goals import HEAD, tell_goal
from own_service import OwnService, own_service

from worker.attempts.process import attempt
from worker.pool.forkserver import import_all, import_once
from worker.training import loop

LONGEST = 0.3  # seconds


def start_once(run_id: str) -> float:
    """Seconds from the fork of an attempt to its first step; the attempt ends there."""
    reading, writing = os.pipe()
    begun = time.monotonic()  # the system's clock, so that of the attempt too
    pid = os.fork()
    if pid == 0:
        _become_attempt(run_id, writing)
    os.close(writing)
    with os.fdopen(reading) as told:
        first = float(told.read())
    os.waitpid(pid, 0)
    return first - begun


def _become_attempt(run_id: str, told: int) -> NoReturn:
    def tell(_training: loop.Training) -> NoReturn:
        os.write(told, f"{time.monotonic()}".encode())
        os._exit(0)

    loop.Training.advance = tell  # type: ignore[assignment]
    attempt(run_id)
    os._exit(1)


def measure(service: OwnService, dataset: str, recipe: str, runs: int) -> None:
    body = {"recipe": recipe, "dataset": dataset, "seeds": {"count": runs // 2 + 1}}
    ids = [run.id for run in service.client.submit(body).runs]
    first, *starts = (start_once(run_id) for run_id in ids[: runs + 1])
    start = median(starts)
    print(f"{dataset}: the first run {first:.2f} s, the others {start:.2f} s to their first step")
    figure, goal = f"starting an attempt on {dataset}", f"< {LONGEST:g} s"
    tell_goal(figure, f"{start:.2f} s", "–", "–", goal, start < LONGEST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=8)
    asked = parser.parse_args()
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    torch.set_num_threads(1)
    with own_service("--no-worker") as service:
        os.environ.update(service.settings.environment())
        if file:
            service.client.upload(file, "quora-question-pairs")
        import_once(import_all)
        print(HEAD)
        measure(service, "questions-generated", "hard-negative-mining-small", asked.runs)
        if file:
            measure(service, "quora-question-pairs", "hard-negative-mining", asked.runs)


if __name__ == "__main__":
    main()
