"""Many runs at once on one GPU, beside the ways to do without: `worker/training/stack`.

    python benchmarks/gpu_stack.py [FILE] [--runs 32] [--steps 1400] [--device cuda]

FILE holds the Quora pairs; without it generated questions are trained on, which are shorter. Both
arms of `hard-negative-mining`, under as many seeds as the runs need, are trained in one stack from
the first step to the last event, with evaluations and tests. What it is measured against is steps
alone, `--sample` of them, scaled up to all steps of all runs: narrower stacks one after the other,
runs alone one after the other and side by side in processes, and `torch.nn.LSTM` (cuDNN's, over
packed questions). Without the device it measures nothing, says so, and ends well. `--device cpu
--runs 4 --steps 5 --width 16` shows that it works.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # before CUDA begins

import torch
from cudnn_port import CudnnTraining
from goals import tell_goal, tell_unmeasured
from step import run_data

from models.specs.experiment import ExperimentSpec
from models.specs.parse import parse_spec
from models.specs.recipes import expand_recipe
from worker.training.data import RunData
from worker.training.events import Started
from worker.training.loop import Training
from worker.training.stack.loop import Member, Stack

WITHIN, FASTER = 30.0, 10.0  # seconds, and times
WARM = 20  # steps before the clock starts, where a part of a training is measured


def spec_of(width: int, steps: int = 10**6) -> ExperimentSpec:
    """An LSTM of this width; without an evaluation for so long that none is measured,
    unless the steps are given."""
    encoder = {"kind": "lstm", "embedding_dim": width, "hidden_dim": width}
    often = {"evaluate_every": 100 if steps < 10**6 else steps}
    document = {"recipe": "hard-negative-mining", "steps": steps, **often}
    return parse_spec(expand_recipe({**document, "encoder": encoder}))


def stack_of(spec: ExperimentSpec, data: RunData, runs: int, device: str) -> Stack:
    members = [Member(spec.arms[run % 2].name, run // 2) for run in range(runs)]
    return Stack(spec, members, data, width=runs, device=device)


def finish(device: str) -> None:
    """Wait for what the device still has to do."""
    if device == "cuda":
        torch.cuda.synchronize()


def whole_stack(spec: ExperimentSpec, data: RunData, runs: int, device: str) -> float:
    """Seconds of a stack's training, from where its members have begun to its last event."""
    made = time.perf_counter()
    stack = stack_of(spec, data, runs, device)
    begun = time.perf_counter()
    for _, event in stack.events():
        if isinstance(event, Started):
            finish(device)
            begun = time.perf_counter()
    taken = time.perf_counter() - begun
    print(f"stack of {runs}: begun in {begun - made:.1f} s, trained in {taken:.1f} s", flush=True)
    return taken


def stack_advance(
    spec: ExperimentSpec, data: RunData, runs: int, device: str
) -> Callable[[], object]:
    """What does one step of a stack."""
    events = stack_of(spec, data, runs, device).events()
    for _ in range(runs):
        next(events)  # they begin
    return lambda: [next(events) for _ in range(runs)]


def step_seconds(advance: Callable[[], object], steps: int, device: str) -> float:
    """Seconds of a step, over `steps` of them after some that are not timed."""
    for _ in range(min(WARM, steps)):
        advance()
    finish(device)
    begun = time.perf_counter()
    for _ in range(steps):
        advance()
    finish(device)
    return (time.perf_counter() - begun) / steps


def alone_beside(
    spec: ExperimentSpec, data: RunData, seed: int, sample: int, device: str, gate: Barrier
) -> None:
    """A process: prepare a run alone, wait for the others, do its steps, and wait again."""
    training = Training(spec, "vanilla", seed, data, device)
    for _ in range(min(WARM, sample)):
        training.advance()
    finish(device)
    gate.wait()
    for _ in range(sample):
        training.advance()
    finish(device)
    gate.wait()


def side_by_side(
    spec: ExperimentSpec, data: RunData, processes: int, sample: int, device: str
) -> float:
    """Seconds that one step of one run takes where this many processes take turns."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(processes + 1)
    workers = [
        context.Process(
            target=alone_beside, args=(spec, data, seed, sample, device, gate), daemon=True
        )
        for seed in range(processes)
    ]
    for worker in workers:
        worker.start()
    gate.wait(timeout=600)
    begun = time.perf_counter()
    gate.wait(timeout=3600)
    taken = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    return taken / sample / processes


def data_of(file: str | None, folder: Path) -> RunData:
    if file:
        os.environ["TRIPLETLAB_QUORA_FILE"] = file
    return run_data(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", default=os.environ.get("TRIPLETLAB_QUORA_FILE"))
    parser.add_argument("--runs", type=int, default=32)
    parser.add_argument("--steps", type=int, default=1400)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--width", type=int, default=128, help="of the LSTM and its words")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    asked = parser.parse_args()
    runs, steps, device = asked.runs, asked.steps, asked.device
    where = "a GPU" if device == "cuda" else "a CPU"
    goals = (
        (f"{runs} runs x {steps} steps in a stack on {where}", f"< {WITHIN:g} s"),
        ("the same, against runs alone in turn", f"≥ {FASTER:g}"),
    )
    if device == "cuda" and not torch.cuda.is_available():
        print("this machine has no CUDA device: nothing was measured")
        for unmeasured in goals:
            tell_unmeasured(*unmeasured)
        return
    on = torch.cuda.get_device_name() if device == "cuda" else where
    print(f"on {on}, {'the Quora pairs' if asked.file else 'generated questions'}", flush=True)
    sample, processes = min(asked.sample, steps), min(asked.processes, runs)
    whole, endless = spec_of(asked.width, steps), spec_of(asked.width)
    each: dict[str, float] = {}  # seconds of one run's step
    with tempfile.TemporaryDirectory() as folder:
        data = data_of(asked.file, Path(folder))
        ours = whole_stack(whole, data, runs, device)
        for width in sorted({runs, min(8, runs), 1}, reverse=True):
            seconds = step_seconds(stack_advance(endless, data, width, device), sample, device)
            each[f"steps of stacks of {width}"] = seconds / width
        alone = Training(endless, "vanilla", 0, data, device)
        each["runs alone, in turn"] = step_seconds(alone.advance, sample, device)
        torch.use_deterministic_algorithms(False)  # as people train
        peer = CudnnTraining(whole, data, device)
        each["torch.nn.LSTM, in turn"] = step_seconds(peer.advance, sample, device)
        beside = side_by_side(endless, data, processes, sample, device)
        each[f"runs alone, {processes} processes"] = beside
    others = {name: seconds * steps * runs for name, seconds in each.items()}
    for name, taken in others.items():
        print(f"{name:26} {taken:9.1f} s, {taken / ours:6.2f} times as long", flush=True)
    taken = others["runs alone, in turn"]
    (figure, goal), (against, faster) = goals
    tell_goal(figure, f"{ours:.1f} s", "–", "–", goal, ours < WITHIN)
    ratio = taken / ours
    tell_goal(against, f"{ours:.1f} s", f"{taken:.1f} s", f"{ratio:.2f}", faster, ratio >= FASTER)


if __name__ == "__main__":
    main()
