"""How soon an attempt trains: from its fork to its first step, on a data set that is prepared.

    [TRIPLETLAB_QUORA_FILE=…] PYTHONPATH=. python benchmarks/attempt_start.py [--runs 8]

The experiments come from a service without a worker; then this process is the slot, which has torch
imported and forks an attempt for each run. The first step of a run begins after the claim, the
arrays, the network, and what is measured of it before it is trained: its pairs of validation and
test, which takes as long as any evaluation and is told apart. The first run of an experiment
measures the lines that take no training too, once, so it is not counted.
"""

import argparse
import os
import time
from statistics import median
from typing import Any, NoReturn

import torch
from goals import HEAD, tell_goal
from own_service import OwnService, own_service

from worker.attempts.process import attempt
from worker.pool.forkserver import import_all, import_once
from worker.training import loop

LONGEST = 0.3  # seconds


def start_once(run_id: str) -> tuple[float, float]:
    """Seconds from the fork of an attempt to its first step, and those of them in which its network
    is measured; the attempt ends there."""
    reading, writing = os.pipe()
    begun = time.monotonic()  # the system's clock, so that of the attempt too
    pid = os.fork()
    if pid == 0:
        _become_attempt(run_id, writing)
    os.close(writing)
    with os.fdopen(reading) as told:
        first, measured = map(float, told.read().split())
    os.waitpid(pid, 0)
    return first - begun, measured


def _become_attempt(run_id: str, told: int) -> NoReturn:
    measured = 0.0
    before_first_step = loop.Training.before_first_step

    def timed(training: loop.Training, *given: Any) -> Any:
        nonlocal measured
        began = time.monotonic()
        events = list(before_first_step(training, *given))
        measured = time.monotonic() - began
        return events

    def tell(_training: loop.Training) -> NoReturn:
        os.write(told, f"{time.monotonic()} {measured}".encode())
        os._exit(0)

    for name, instead in {"before_first_step": timed, "advance": tell}.items():
        setattr(loop.Training, name, instead)
    attempt(run_id)
    os._exit(1)


def measure(service: OwnService, dataset: str, recipe: str, runs: int) -> None:
    body = {"recipe": recipe, "dataset": dataset, "seeds": {"count": runs // 2 + 1}}
    ids = [run.id for run in service.client.submit(body).runs]
    first, *starts = (start_once(run_id) for run_id in ids[: runs + 1])
    whole, measured = (median(of) for of in zip(*starts, strict=True))
    start = median(one - network for one, network in starts)
    print(
        f"{dataset}: the first run {first[0]:.2f} s, the others {whole:.2f} s to their first step"
    )
    tell_goal(
        f"starting an attempt on {dataset}",
        f"{start:.2f} s",
        f"and {measured:.2f} s in which its untrained network is measured",
        "–",
        f"< {LONGEST:g} s",
        start < LONGEST,
    )


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
