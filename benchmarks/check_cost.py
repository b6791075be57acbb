"""What a whole `make test` costs: processor time and wall time, of this commit and of another.

    python benchmarks/check_cost.py --against 919356c
    python benchmarks/check_cost.py --busy 4 --times 3

Each commit is cloned into a temporary folder and installed there; neither is counted. The commits
take turns. Processor time is that of every process that the run started, also of those whose own
parent was killed: this process adopts and counts them (`PR_SET_CHILD_SUBREAPER`, so Linux alone).
`--busy` has so many processes beside the run that do nothing but count. Tests need their servers
and a browser, as `make test` does; where `CI` is set, what is absent fails.
"""

import argparse
import ctypes
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
_SET_CHILD_SUBREAPER = 36
ORPHANS_END = 60.0  # seconds, for processes that outlive the run


class Run(NamedTuple):
    """One `make test`."""

    processor: float
    """Seconds, of user and system."""
    wall: float
    said: str
    """The last line of pytest, as `3568 passed, 2 skipped`."""
    status: int


def adopt_orphans() -> None:
    """Become the parent of processes below that lose their own, so that they are counted here."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot adopt orphaned processes")


def reap_orphans(but: Collection[int]) -> set[int]:
    """Take leave of adopted processes that have ended, as the system's first process would: their
    time is counted then. Leaves out `but` these children; returns those that still run."""
    left = _children() - set(but)
    return {pid for pid in left if os.waitpid(pid, os.WNOHANG) == (0, 0)}


def await_orphans(but: Collection[int]) -> None:
    """Wait until the adopted processes have ended."""
    end = time.monotonic() + ORPHANS_END
    while (left := reap_orphans(but)) and time.monotonic() < end:
        time.sleep(0.1)
    if left:
        print("some processes outlive the run and are not counted", file=sys.stderr)


def _children() -> set[int]:
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in own.read_text().split()}


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cloned(commit: str, folder: Path) -> Path:
    """The commit in a folder of its own, installed."""
    tree = folder / commit
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tree)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=tree, check=True)
    subprocess.run(["make", "--silent", ".venv/installed"], cwd=tree, check=True)
    return tree


def tested(tree: Path, beside: Collection[int]) -> Run:
    """`make test` in the tree, with the processes `beside` it."""
    before, begun = processor_seconds(), time.monotonic()
    log = tree / "test.log"
    with log.open("w") as said:
        testing = subprocess.Popen(
            ["make", "test"], cwd=tree, stdout=said, stderr=subprocess.STDOUT, text=True
        )
        while testing.poll() is None:
            reap_orphans([*beside, testing.pid])  # some tests wait until a process is gone
            time.sleep(0.1)
    wall = time.monotonic() - begun
    await_orphans(beside)
    last = re.findall(r"^=+ .*\b(?:passed|failed)\b.* =+$", log.read_text(), re.MULTILINE)
    counts = re.findall(r"\d+ (?:passed|failed|skipped|errors?)", last[-1] if last else "")
    return Run(processor_seconds() - before, wall, ", ".join(counts), testing.returncode)


def _count() -> None:
    while True:
        pass


@contextmanager
def busy(processes: int) -> Iterator[list[int]]:
    """So many processes that each want a whole core; their ids."""
    started = [multiprocessing.Process(target=_count, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    yield [process.pid for process in started if process.pid is not None]
    for process in started:
        process.kill()
        process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", help="another commit, tested in turn with this one")
    parser.add_argument("--busy", type=int, default=0, help="processes that count beside the run")
    parser.add_argument("--times", type=int, default=1)
    asked = parser.parse_args()
    adopt_orphans()
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    commits = [asked.against, head] if asked.against else [head]
    with tempfile.TemporaryDirectory(prefix="test-run-") as folder:
        trees = {commit: cloned(commit, Path(folder)) for commit in commits}
        print("| commit | processor, min | wall, min | tests | exit |")
        print("| --- | --- | --- | --- | --- |")
        failed = False
        for _ in range(asked.times):
            for commit, tree in trees.items():
                with busy(asked.busy) as beside:
                    run = tested(tree, beside)
                failed |= run.status != 0
                print(
                    f"| {commit} | {run.processor / 60:.1f} | {run.wall / 60:.1f} "
                    f"| {run.said} | {run.status} |",
                    flush=True,
                )
                if run.status:
                    print((tree / "test.log").read_text()[-6000:], file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
