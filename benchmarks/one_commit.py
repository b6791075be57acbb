"""The training of one commit, which does what it is told, line by line. `two_commits.py` starts it.

It imports the commit's own `benchmarks/step.py` and `worker/`, and of these only names that they
have had from the beginning. Its argument is the precision of the training, `float32` or `float64`.
A line on its input is the name of a piece of work and how often to do it; the answer is a line of
JSON: the processor's seconds, and the figures of each time.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import step as commit
import torch

from worker.training.evaluation import evaluate_validation, pair_scores
from worker.training.loop import Training

ARM = "vanilla"


def works(folder: Path, precision: torch.dtype) -> dict[str, Callable[[], list[float]]]:
    """Each piece of work by its name; it returns its figures."""
    data, spec = commit.run_data(folder), commit.spec_of("masked")

    def begun(seed: int) -> Training:
        training = Training(spec, ARM, seed, data, "cpu")
        training.encoder.to(precision)
        return training

    training, seed, norm = begun(0), 0, 0.0

    def next_seed() -> list[float]:
        nonlocal seed, training
        seed += 1
        training = begun(seed)
        return []

    def step() -> list[float]:
        nonlocal norm
        done = training.advance()
        norm = done.gradient_norm
        gauges = getattr(done, "gauges", done)  # older commits have them in an object of their own
        return [gauges.loss_per_row, gauges.s_ap_mean, gauges.s_an_mean]

    def test() -> list[float]:
        scores: list[float] = pair_scores(training.encoder, data, data.test).tolist()
        return scores

    def validation() -> list[float]:
        found = evaluate_validation(training.encoder, spec, ARM, data, training.step)
        figures = found.loss_per_row, found.accuracy, found.positive_mean
        return [figure for figure in figures if figure is not None]

    return {
        "step": step,
        "test": test,
        "validation": validation,
        "norm": lambda: [norm],
        "next_seed": next_seed,
    }


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        known = works(Path(folder), getattr(torch, sys.argv[1]))
        print(json.dumps(list(known)), flush=True)
        for line in sys.stdin:
            name, times = line.split()
            start = time.process_time()
            figures = [known[name]() for _ in range(int(times))]
            seconds = time.process_time() - start
            print(json.dumps({"seconds": seconds, "figures": figures}), flush=True)


if __name__ == "__main__":
    main()
