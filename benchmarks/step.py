"""Time of one training step, `masked` beside `power_of_two`, on one core in one process.

    TRIPLETLAB_QUORA_FILE=… python benchmarks/step.py [--steps 60]

Steps of the two alternate, so that whatever else the machine does touches both alike. Without
the Quora file the generated questions are used, whose lengths vary less.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from models.datasets import cache, splits, vocabulary
from models.datasets.columns import ColumnMapping
from models.datasets.files import read_pairs
from models.datasets.generated import generate_pairs
from models.recipes import expand_recipe
from models.specs.parse import parse_spec
from worker.training.data import RunData
from worker.training.loop import Training


def run_data(folder: Path) -> RunData:
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if file:
        pairs = read_pairs(Path(file), filename=Path(file).name, columns=ColumnMapping())
        rows = (300_000, 10_240)
    else:
        pairs, rows = generate_pairs(), (20_000, 4_000)
    cache.store(pairs, folder)
    tokens, labels = cache.open_tokens(folder, "word"), cache.open_labels(folder)
    split = splits.in_order(labels, *rows, 0.2)
    known = np.concatenate((split.train, split.validation_duplicates))
    words = vocabulary.build_vocabulary(tokens, known)
    return RunData(
        tokens.ids, tokens.offsets, words.remap, words.size, labels,
        split.train, split.validation_duplicates, split.validation, split.test,
        cache.open_groups(folder),
    )  # fmt: skip


def training(data: RunData, padding: str) -> Training:
    encoder = {"kind": "lstm", "padding": padding}
    spec = parse_spec(expand_recipe({"recipe": "hard-negative-mining", "encoder": encoder}))
    return Training(spec, "vanilla", 0, data, "cpu")


def product_rate() -> float:
    """The machine's own rate, in GFLOP/s, for 6144 x 128 by 128 x 512 in float32."""
    left, right, times = torch.randn(6144, 128), torch.randn(128, 512), []
    for _ in range(50):
        start = time.perf_counter()
        torch.mm(left, right)
        times.append(time.perf_counter() - start)
    return 2 * 6144 * 128 * 512 / min(times) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory() as folder:
        data = run_data(Path(folder))
        trainings = {padding: training(data, padding) for padding in ("masked", "power_of_two")}
        times: dict[str, list[float]] = {padding: [] for padding in trainings}
        for step in range(steps + 5):
            for padding, one in trainings.items():
                start = time.perf_counter()
                one.advance()
                if step >= 5:
                    times[padding].append((time.perf_counter() - start) * 1000)
    print(f"matrix product: {product_rate():.0f} GFLOP/s on one thread")
    for padding, taken in times.items():
        low, middle, high = (statistics.quantiles(taken, n=10)[i] for i in (0, 4, 8))
        print(f"{padding:13} median {middle:6.1f} ms   (10 % {low:.1f}, 90 % {high:.1f})")
    ratios = [m / p for m, p in zip(times["masked"], times["power_of_two"], strict=True)]
    print(f"masked / power_of_two: median {statistics.median(ratios):.3f} over {steps} steps")


if __name__ == "__main__":
    main()
