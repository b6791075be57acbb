"""What given negatives cost a training step, and how many anchors have any.

    TRIPLETLAB_QUORA_FILE=… taskset -c 0 python benchmarks/given_negatives.py [--steps 40]

One thread, the network and batch of the recipe `labelled-negatives`. In every round each kind of
training does one step, so that whatever else goes on touches all alike. Without the Quora file the
generated questions are used.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from models.datasets.cache import store
from models.datasets.generated.generator import generate_pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe
from worker.attempts.loading import load_run_data
from worker.training.data import RunData
from worker.training.loop import Training

GIVEN = (0, 1, 4)
WARM = 3


def spec_of(given: int, rows: tuple[int, int]) -> ExperimentSpec:
    split = {"kind": "in_order", "train_rows": rows[0], "test_rows": rows[1]}
    asked = {"recipe": "labelled-negatives", "split": split, "negatives": {"given": given}}
    return parse_spec(expand_recipe(asked))


def data_of(folder: Path) -> tuple[RunData, tuple[int, int]]:
    file = os.environ.get("TRIPLETLAB_QUORA_FILE")
    if file:
        pairs = read_pairs(Path(file), filename=Path(file).name, columns=ColumnMapping())
        rows = (300_000, 10_240)
    else:
        pairs, rows = generate_pairs(), (20_000, 4_000)
    store(pairs, folder)
    return load_run_data(folder, spec_of(0, rows), given=True), rows


def tell_shares(data: RunData) -> None:
    assert data.given is not None
    own = data.given.keys[2 * data.train]
    table = data.given.train.keys
    counts = np.searchsorted(table, own, "right") - np.searchsorted(table, own, "left")
    print(f"{len(own):,} training pairs; {(counts > 0).mean():.1%} have a given negative")
    for most in GIVEN[1:]:
        print(f"  at most {most}: {np.minimum(counts, most).mean():.3f} a pair")


def milliseconds(training: Training) -> float:
    start = time.perf_counter()
    training.advance()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data, rows = data_of(Path(folder) / "set")
        tell_shares(data)
        trainings = {
            given: Training(spec_of(given, rows), "in batch", 0, data, "cpu") for given in GIVEN
        }
        taken: dict[int, list[float]] = {given: [] for given in GIVEN}
        for step in range(steps + WARM):
            round_ = {given: milliseconds(training) for given, training in trainings.items()}
            if step >= WARM:
                for given, value in round_.items():
                    taken[given].append(value)
    for given, values in taken.items():
        ratios = [value / usual for value, usual in zip(values, taken[0], strict=True)]
        low, middle, high = (statistics.quantiles(ratios, n=10)[i] for i in (0, 4, 8))
        median = statistics.median(values)
        print(
            f"given {given}: median {median:.1f} ms, {middle:.2f} times ({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()
