"""What a run costs beside its steps and evaluations: recording, checkpoints, heartbeats, files.

    TRIPLETLAB_QUORA_FILE=… python benchmarks/overhead.py [--steps 700] [--checkpoint-seconds 30]

The data and the experiment come from a service; then this process is the attempt, as the worker's
is: it claims a run, beats, trains one arm of the forum's question, records each step and saves
checkpoints, as often as by default unless told otherwise. What is inside of a step or an evaluation
is counted, and the rest of the time from the first step to the end is what it costs beside them.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from goals import tell_goal
from own_service import OwnService, own_service

from models.settings import Settings
from models.store.database import Database
from worker.attempts.claiming import claim
from worker.attempts.heartbeat import Heartbeat, RunHeartbeat
from worker.attempts.runner import Attempt
from worker.attempts.usage import UsageSampler
from worker.training import loop, state

DATASET = "quora-question-pairs"
INSIDE = ("evaluate_validation", "score_test", "decision_threshold", "evaluate_test")


class Stopwatch:
    def __init__(self) -> None:
        self.inside, self.begun = 0.0, 0.0

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*given: Any, **more: Any) -> Any:
            begun = time.perf_counter()
            self.begun = self.begun or begun
            try:
                return work(*given, **more)
            finally:
                self.inside += time.perf_counter() - begun

        return measured


def measure(service: OwnService, file: str, steps: int) -> None:
    service.client.upload(file, DATASET)
    body = {"recipe": "hard-negative-mining", "seeds": {"count": 1}, "steps": steps}
    run = service.client.submit(body).runs[0]
    database = Database(service.settings.resolved_database_url)
    watch = Stopwatch()
    loop.Training.advance = watch.timed(loop.Training.advance)  # type: ignore[method-assign]
    for name in INSIDE:
        setattr(state, name, watch.timed(getattr(state, name)))
    claimed = claim(database, run.id, "wrk_bench")
    assert claimed is not None
    heartbeat = RunHeartbeat(run.id, claimed.run.attempt)
    with (
        Heartbeat(database, [heartbeat], "", service.settings.heartbeat_seconds),
        UsageSampler() as usage,
    ):
        Attempt(database, service.settings, claimed, heartbeat, usage).carry_out()
    whole = time.perf_counter() - watch.begun
    database.close()
    assert service.client.get(f"/v1/runs/{run.id}")["state"] == "succeeded"
    share = 1 - watch.inside / whole
    tell_goal(
        f"all but steps and evaluations, of a run of {steps} steps",
        f"{whole - watch.inside:.2f} s",
        f"the run {whole:.1f} s",
        f"{share:.1%}",
        "< 2 %",
        share < 0.02,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=700)
    default = Settings.model_fields["checkpoint_seconds"].default
    parser.add_argument("--checkpoint-seconds", type=float, default=default)
    asked = parser.parse_args()
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if not file:
        sys.exit("TRIPLETLAB_QUORA_FILE names no file")
    torch.set_num_threads(1)
    with own_service("--no-worker", checkpoint_seconds=asked.checkpoint_seconds) as service:
        measure(service, file, asked.steps)


if __name__ == "__main__":
    main()
