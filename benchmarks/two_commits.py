"""This tree beside another commit's, in turns on one core, in the processor's time.

Both train the same run from its beginning, so their figures can be compared step by step. A piece
of work is done by one of them and at once by the other, and who begins changes from round to round:
what else the machine does touches both alike, and time in which they do not run is not counted.

Whether both compute the same is asked of float64: there rounding is too small to be seen for
dozens of steps, while in float32 two orders of the same sums soon part.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from goals import tell_goal

HERE = Path(__file__).resolve().parent
WARM = 5
EVALUATED_EVERY = 10
"""Rounds between two evaluations."""
SEEDS = 5
SHOWN = (1, 2, 5, 10, 20, 30, 40)
"""The steps up to which differences are told."""
GOALS = {"step": 1.5, "test": 1.4, "validation": 1.4}
FIGURES = {
    "step": "a training step of 256 pairs, masked",
    "test": "the scores of the test pairs",
    "validation": "an evaluation on validation pairs",
}


class Done(NamedTuple):
    """Processor's seconds, and the figures."""

    seconds: float
    figures: list[list[float]]


class Commit:
    """A training of the code in `tree`, in a process of its own."""

    def __init__(self, tree: Path, precision: str = "float32") -> None:
        self._tree = tree
        path = os.pathsep.join(map(str, (tree, tree / "benchmarks")))
        # -P: modules come from that tree, not from the folder of this script
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "one_commit.py"), precision],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
            cwd=tree,
        )
        self._answer()

    def do(self, name: str, times: int = 1) -> Done:
        """Do a piece of work so many times."""
        assert self.process.stdin is not None
        print(name, times, file=self.process.stdin, flush=True)
        return Done(**self._answer())  # type: ignore[arg-type]

    def _answer(self) -> object:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the training in {self._tree} ended with {self.process.wait()}")
        return json.loads(line)


@contextmanager
def checked_out(ref: str) -> Iterator[Path]:
    """A folder with the files of a commit, until the end of this context."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(HERE.parent), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), ref], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def compare(ref: str, rounds: int) -> None:
    """Print how much faster this tree is than commit `ref`, and how far their figures differ."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # both, since they inherit it
    with checked_out(ref) as tree, ExitStack() as ending:
        commits = [Commit(HERE.parent), Commit(tree)]
        for commit in commits:
            ending.callback(commit.process.wait)
            ending.callback(commit.process.terminate)
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in GOALS}
        furthest = dict.fromkeys(GOALS, 0.0)
        for number in range(WARM + rounds):
            works = ["step"] if number % EVALUATED_EVERY or number < WARM else list(GOALS)
            for work in works:
                ours, theirs = in_turn(commits, work, first=number % 2)
                apart = difference(ours.figures, theirs.figures)
                furthest[work] = max(furthest[work], apart)
                if number >= WARM:
                    seconds[work].append((ours.seconds, theirs.seconds))
    for work, pairs in seconds.items():
        tell(work, ref, pairs, furthest[work])


def compare_figures(ref: str, steps: int) -> None:
    """Print how far the figures of this tree and of commit `ref` are from those of `ref` in
    float64: for each of `SEEDS` seeds the largest difference up to some steps, and of these the
    least, the median and the largest."""
    trees = {f"{ref} in float64": ("float64", False), "this tree in float64": ("float64", True)}
    trees |= {f"{ref} in float32": ("float32", False), "this tree in float32": ("float32", True)}
    far: dict[int, list[list[float]]] = {}
    with checked_out(ref) as tree, ExitStack() as ending:
        commits = [Commit(HERE.parent if ours else tree, bits) for bits, ours in trees.values()]
        for commit in commits:
            ending.callback(commit.process.wait)
            ending.callback(commit.process.terminate)
        for seed in range(SEEDS):
            furthest = [0.0] * (len(commits) - 1)
            for step in range(1, steps + 1):
                exact, *others = (commit.do("step").figures for commit in commits)
                pairs = zip(furthest, others, strict=True)
                furthest = [max(known, difference(one, exact)) for known, one in pairs]
                if step == 1:
                    norms = [commit.do("norm").figures[0][0] for commit in commits]
                    print(f"seed {seed}, norm of the first gradient:", *map("{:.6f}".format, norms))
                if step in SHOWN or step == steps:
                    far.setdefault(step, []).append(furthest)
            for commit in commits:
                commit.do("next_seed")
    print("| up to step | " + " | ".join(list(trees)[1:]) + " |")
    print("| --- " * len(trees) + "|")
    for step, found in far.items():
        columns = [sorted(column) for column in zip(*found, strict=True)]
        cells = (f"{c[0]:.0e} {statistics.median(c):.0e} {c[-1]:.0e}" for c in columns)
        print(f"| {step} | " + " | ".join(cells) + " |")


def in_turn(commits: list[Commit], work: str, *, first: int) -> tuple[Done, Done]:
    """What both do, ours first; `first` says which of them begins."""
    done: list[Done | None] = [None, None]
    for which in (first, 1 - first):
        done[which] = commits[which].do(work)
    ours, theirs = done
    assert ours is not None
    assert theirs is not None
    return ours, theirs


def difference(ours: list[list[float]], theirs: list[list[float]]) -> float:
    """The largest difference between two lists of figures."""
    return max(
        abs(a - b)
        for mine, other in zip(ours, theirs, strict=True)
        for a, b in zip(mine, other, strict=True)
    )


def tell(work: str, ref: str, pairs: list[tuple[float, float]], furthest: float) -> None:
    ours, theirs = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    ratios = sorted(theirs / ours for ours, theirs in pairs)
    low, high = ratios[len(ratios) // 10], ratios[-len(ratios) // 10]
    print(
        f"{FIGURES[work]}: {len(pairs)} rounds, ratio 10 % {low:.2f}, 90 % {high:.2f}; "
        f"figures at most {furthest:.1e} apart"
    )
    ratio = statistics.median(ratios)
    tell_goal(
        f"{FIGURES[work]}, processor's time",
        f"{ours:.1f} ms",
        f"{ref} {theirs:.1f} ms",
        f"{ratio:.2f}",
        f"≥ {GOALS[work]:g}",
        ratio >= GOALS[work],
    )
