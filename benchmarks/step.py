"""Time of one training step beside a plain PyTorch port, and beside the machine's own limit.

    TRIPLETLAB_QUORA_FILE=… taskset -c 0 python benchmarks/step.py [--steps 60]
    TRIPLETLAB_QUORA_FILE=… python benchmarks/step.py --against GIT_REF [--steps 60] [--figures]

One thread. In every round each kind of training does one step and the machine multiplies matrices,
so that whatever else goes on touches all alike. Without the Quora file the generated questions are
used, whose lengths vary less. The last table is where a step's time goes.

With `--against` the steps and evaluations of this tree take turns with those of another commit,
and nothing else is measured: see `two_commits.py`. `--figures` tells how far their figures are from
those of that commit in float64 instead.
"""

import argparse
import cProfile
import os
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from goals import tell_goal
from plain_port import PlainTraining
from two_commits import compare, compare_figures

from models.datasets import cache, splits, vocabulary
from models.datasets.generated.generator import generate_pairs
from models.datasets.reading.columns import ColumnMapping
from models.datasets.reading.files import read_pairs
from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe
from models.specs.training import AdamSpec
from worker.training.batches import batch_rows
from worker.training.data import RunData, pair_questions
from worker.training.encoders.initial import initial_weights
from worker.training.loop import Training
from worker.training.schedules import learning_rate

PADDINGS = ("masked", "power_of_two")
WARM = 5
WORK_PER_TOKEN = 131_072 * 3 * 2  # multiply-adds of an LSTM of 128 by 128, forward and backward
PRODUCT = 2 * 6144 * 128 * 512
PARTS = {  # functions by their modules
    "batch": ("batches.batch_rows", "data.pair_questions", "duplicates.known_duplicates"),
    "layout": ("beginnings.lay_out",),
    "forward": ("lstm.lstm_sum",),
    "loss": ("batch.batch_of", "terms.term_rows", "terms.reduce_terms"),
    "backward": ("_tensor.backward",),
    "optimiser": ("optimizer.update_alone", "optimizer.clip_gradients"),
    "gauges": ("gauges.measure", "loop._gradient_norm"),
}


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


def spec_of(padding: str) -> ExperimentSpec:
    encoder = {"kind": "lstm", "padding": padding}
    return parse_spec(expand_recipe({"recipe": "hard-negative-mining", "encoder": encoder}))


def plain_step(data: RunData, spec: ExperimentSpec) -> Callable[[int], float]:
    """The plain port's step; its questions are lists already, as a notebook's are."""
    assert isinstance(spec.optimizer, AdamSpec)
    plain = PlainTraining(
        initial_weights(spec.encoder, data.vocabulary_size, 0),
        spec.optimizer,
        masked=getattr(spec.encoder, "padding", "masked") == "masked",
        margin=spec.arm("vanilla").loss.margin,
        mask_harder=True,
    )

    def advance(step: int) -> float:
        packed = pair_questions(data, batch_rows(data.train, 0, step, spec.batch_size))
        questions = [q.tolist() for q in np.split(packed.ids, np.cumsum(packed.lengths)[:-1])]
        sides = questions[: spec.batch_size], questions[spec.batch_size :]
        lr = learning_rate(spec.optimizer, step, spec.steps)
        return milliseconds(lambda: plain.advance(*sides, lr))

    return advance


def milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def product_milliseconds() -> float:
    """6144 x 128 by 128 x 512 in float32: about what a batch asks of the recurrent weights."""
    left, right = torch.randn(6144, 128), torch.randn(128, 512)
    return min(milliseconds(lambda: torch.mm(left, right)) for _ in range(3))


def tokens_of(data: RunData, spec: ExperimentSpec, step: int) -> int:
    rows = batch_rows(data.train, 0, step, spec.batch_size)
    return len(pair_questions(data, rows).ids)


def where_time_goes(training: Training, steps: int) -> None:
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(steps):
        training.advance()
    profile.disable()
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    taken = {f"{Path(file).stem}.{name}": figures[3] for (file, _, name), figures in stats.items()}
    total, told = taken["loop.advance"], 0.0
    print(f"\nwhere the {total / steps * 1000:.1f} ms of a masked step go (profiled):")
    for part, names in PARTS.items():
        seconds = sum(taken.get(name, 0.0) for name in names)
        told += seconds
        print(f"  {part:10} {seconds / steps * 1000:6.2f} ms  {seconds / total:6.1%}")
    print(f"  {'the rest':10} {(total - told) / steps * 1000:6.2f} ms  {1 - told / total:6.1%}")


def show(name: str, taken: list[float]) -> float:
    low, middle, high = (statistics.quantiles(taken, n=10)[i] for i in (0, 4, 8))
    print(f"{name:22} median {middle:7.2f} ms   (10 % {low:.2f}, 90 % {high:.2f})")
    return middle


def ratio(of: list[float], to: list[float]) -> str:
    ratios = sorted(a / b for a, b in zip(of, to, strict=True))
    low, high = ratios[len(ratios) // 10], ratios[-len(ratios) // 10]
    return f"{statistics.median(ratios):.2f} (10 % {low:.2f}, 90 % {high:.2f})"


def against_port(padding: str, own: list[float], plain_port: list[float], wanted: float) -> None:
    found = statistics.median(b / a for a, b in zip(own, plain_port, strict=True))
    tell_goal(
        f"a training step, {padding}",
        f"{statistics.median(own):.1f} ms",
        f"plain port {statistics.median(plain_port):.1f} ms",
        f"{found:.2f}",
        f"≥ {wanted:g}",
        found >= wanted,
    )


def against_product(medians: dict[str, float], rate: float) -> None:
    tell_goal(
        "work on real tokens, masked",
        f"{medians['ours, masked']:.1f} ms",
        f"matrix product {PRODUCT / medians['matrix product'] / 1e6:.0f} GFLOP/s",
        f"{rate:.0%}",
        "≥ 85 %",
        rate >= 0.85,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--against", metavar="GIT_REF", help="a commit to compare this tree with")
    parser.add_argument("--figures", action="store_true", help="compare figures, not times")
    asked = parser.parse_args()
    if asked.against:
        (compare_figures if asked.figures else compare)(asked.against, asked.steps)
        return
    steps = asked.steps
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = run_data(Path(folder))
        specs = {padding: spec_of(padding) for padding in PADDINGS}
        ours = {
            padding: Training(specs[padding], "vanilla", 0, data, "cpu") for padding in PADDINGS
        }
        plain = {padding: plain_step(data, specs[padding]) for padding in PADDINGS}
        times: dict[str, list[float]] = {}
        rates: list[float] = []
        for step in range(1, steps + WARM + 1):
            taken = {f"ours, {p}": milliseconds(ours[p].advance) for p in PADDINGS}
            taken |= {f"plain port, {p}": plain[p](step) for p in PADDINGS}
            taken["matrix product"] = product_milliseconds()
            if step <= WARM:
                continue
            for name, value in taken.items():
                times.setdefault(name, []).append(value)
            work = tokens_of(data, specs["masked"], step) * WORK_PER_TOKEN
            rates.append(work / taken["ours, masked"] / (PRODUCT / taken["matrix product"]))
        medians = {name: show(name, values) for name, values in times.items()}
        print(f"the product's rate: {PRODUCT / medians['matrix product'] / 1e6:.0f} GFLOP/s")
        for padding, wanted in (("masked", 5.0), ("power_of_two", 1.0)):
            plain_port, own = times[f"plain port, {padding}"], times[f"ours, {padding}"]
            print(f"plain port / ours, {padding}: {ratio(plain_port, own)}")
            against_port(padding, own, plain_port, wanted)
        against_product(medians, statistics.median(rates))
        paddings = ratio(times["ours, masked"], times["ours, power_of_two"])
        print(f"masked / power_of_two, ours: {paddings}")
        where_time_goes(ours["masked"], steps)


if __name__ == "__main__":
    main()
