"""The loss alone, forward and backward, beside the libraries that people would take instead.

    make peers && PYTHONPATH=. .venv-peers/bin/python benchmarks/loss_alone.py

B pairs of unit vectors of D = 128. A peer sees the 2B vectors with one label for each pair, as its
documentation says. Ours is the course's loss (two hinges, semi-hard mask) against the semi-hard
peers, and the hardest negative alone against the batch-hard ones. In every round each does one.
The memory is the peak of a process that does ours once at B = 4096.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from goals import tell_goal
from memory import memory_peak
from torch import Tensor

from models.specs.losses import LossSpec
from models.specs.terms import ClosestNegative, MeanNegative
from worker.training.losses.batch import batch_of
from worker.training.losses.terms import batch_loss

WIDTH, MARGIN = 128, 0.25
Pass = Callable[[], Tensor]


def vectors(size: int) -> Tensor:
    """(2, B, D) unit vectors; a pair's two are near each other, as in mid-training."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(size, WIDTH, generator=generator)
    second = first + torch.randn(size, WIDTH, generator=generator)
    both = torch.nn.functional.normalize(torch.stack((first, second)), dim=2)
    return both.requires_grad_()


def ours(both: Tensor, *terms: MeanNegative | ClosestNegative) -> Pass:
    spec = LossSpec(terms=terms, margin=MARGIN)
    return lambda: batch_loss(spec, batch_of(both[0], both[1]))


def course(both: Tensor) -> Pass:
    mean = MeanNegative(kind="mean_negative")
    closest = ClosestNegative(kind="closest_negative", among="not_harder_than_positive")
    return ours(both, mean, closest)


def hardest(both: Tensor) -> Pass:
    return ours(both, ClosestNegative(kind="closest_negative", among="all"))


def metric_learning(both: Tensor, kind: str) -> Pass:
    """pytorch-metric-learning: a miner, then its triplet loss, both over cosine similarity."""
    from pytorch_metric_learning import distances, losses, miners

    near = distances.CosineSimilarity()
    if kind == "semi-hard":
        miner = miners.TripletMarginMiner(MARGIN, type_of_triplets="semihard", distance=near)
    else:
        miner = miners.BatchHardMiner(distance=near)
    loss = losses.TripletMarginLoss(MARGIN, distance=near)
    labels = torch.arange(both.shape[1]).repeat(2)

    def once() -> Tensor:
        flat = both.flatten(0, 1)
        value: Tensor = loss(flat, labels, miner(flat, labels))
        return value

    return once


def sentence_transformers(both: Tensor, kind: str) -> Pass:
    """sentence-transformers: the arithmetic of its losses, without a network before it."""
    from sentence_transformers.sentence_transformer import losses

    if kind == "semi-hard":
        made = losses.BatchSemiHardTripletLoss(torch.nn.Identity(), margin=MARGIN)
        passed = made.batch_semi_hard_triplet_loss
    else:
        made = losses.BatchHardTripletLoss(torch.nn.Identity(), margin=MARGIN)
        passed = made.batch_hard_triplet_loss
    labels = torch.arange(both.shape[1]).repeat(2)
    return lambda: passed(labels, both.flatten(0, 1))


def milliseconds(both: Tensor, one: Pass) -> float:
    both.grad = None
    start = time.perf_counter()
    one().backward()
    return (time.perf_counter() - start) * 1000


def memory(size: int) -> None:
    """Print the MiB that one pass adds to this process."""
    milliseconds(small := vectors(64), course(small))
    both = vectors(size)
    before = memory_peak(os.getpid())
    milliseconds(both, course(both))
    more = memory_peak(os.getpid()) - before
    tell_goal(f"the loss at B = {size}", f"{more} MiB more", "–", "–", "< 400 MiB", more < 400)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--memory", type=int, help="only the memory of one pass at this B")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.memory:
        memory(asked.memory)
        return
    both = vectors(256)
    passes = {"ours, course": course(both), "ours, hardest": hardest(both)}
    for kind in ("semi-hard", "batch-hard"):
        passes[f"pytorch-metric-learning, {kind}"] = metric_learning(both, kind)
        passes[f"sentence-transformers, {kind}"] = sentence_transformers(both, kind)
    times: dict[str, list[float]] = {name: [] for name in passes}
    for round_ in range(asked.rounds + 5):
        for name, one in passes.items():
            taken = milliseconds(both, one)
            if round_ >= 5:
                times[name].append(taken)
    for name, values in times.items():
        low, middle, high = (statistics.quantiles(values, n=10)[i] for i in (0, 4, 8))
        own = times["ours, hardest" if "batch-hard" in name else "ours, course"]
        ratio = statistics.median(v / o for v, o in zip(values, own, strict=True))
        spread = f"(10 % {low:.2f}, 90 % {high:.2f})"
        print(f"{name:36} {middle:8.2f} ms {spread:28} {ratio:6.1f} x ours")
        if name not in ("ours, course", "ours, hardest"):
            wanted = 4 if "batch-hard" in name else 10
            tell_goal(
                f"the loss at B = 256 beside {name}",
                f"{statistics.median(own):.2f} ms",
                f"{middle:.2f} ms",
                f"{ratio:.1f}",
                f"≥ {wanted}",
                ratio >= wanted,
            )
    subprocess.run([sys.executable, __file__, "--memory", "4096"], check=True)


if __name__ == "__main__":
    main()
