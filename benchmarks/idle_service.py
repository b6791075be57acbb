"""What a service weighs that has nothing to do, and how soon it is ready, beside another commit's.

    python benchmarks/idle_service.py --against 919356c

`tripletlab serve` with a worker of one slot starts on an empty folder, several times, this tree and
the other commit's in turn, on the packages of this environment. *Ready* is the first 200 of
`/readyz` after the command began. The weight is the proportional set size (PSS) of all of its
processes once they have had nothing to do for a while: pages that processes share count once.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
from goals import HEAD, tell_goal

ROOT = Path(__file__).resolve().parents[1]
START = "from api.cli import app; app()"
SHARE, LONGEST_START = 0.5, 3.0  # of the other commit's memory; seconds


class Idle(NamedTuple):
    """One service that was started and left alone."""

    ready: float
    """Seconds."""
    memory: dict[str, float]
    """MiB by process."""


def start_and_weigh(tree: Path, rest: float) -> Idle:
    with tempfile.TemporaryDirectory(prefix="tripletlab-", ignore_cleanup_errors=True) as folder:
        environment = {
            name: value for name, value in os.environ.items() if "TRIPLETLAB" not in name
        }
        environment["PYTHONPATH"] = str(tree)
        log = Path(folder) / "serve.log"
        began = time.monotonic()
        with log.open("wb") as output:
            command = [sys.executable, "-c", START, "serve", "--port", "0", "--data-dir", folder]
            serving = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=output, stderr=output
            )
        try:
            while not _is_ready(log):
                if serving.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.02)
            ready = time.monotonic() - began
            time.sleep(rest)
            return Idle(ready, _memory(serving.pid))
        finally:
            serving.send_signal(signal.SIGTERM)
            serving.wait()


def _is_ready(log: Path) -> bool:
    found = re.search(r"answers at (\S+)", log.read_text())
    return found is not None and httpx.get(f"{found[1]}/readyz").status_code == 200


def _memory(pid: int) -> dict[str, float]:
    """The proportional set sizes of a process and of all below it, in MiB."""
    weights = {}
    for one in [pid, *_below(pid)]:
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            name = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.M)
        weights[f"{one} {name[-60:].strip()}"] = int(found[1]) / 1024 if found else 0.0
    return weights


def _below(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *_below(child)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="919356c", help="a commit")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--rest", type=float, default=20.0, help="seconds until it is weighed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tripletlab-tree-") as folder:
        other = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(other), asked.against], check=True)
        try:
            seen: dict[Path, list[Idle]] = {ROOT: [], other: []}
            for _ in range(asked.times):
                for tree, idle in seen.items():
                    idle.append(start_and_weigh(tree, asked.rest))
        finally:
            subprocess.run([*git, "remove", "--force", str(other)], check=True)
    for tree, label in ((ROOT, "this tree"), (other, asked.against)):
        print(label)
        for process, weight in seen[tree][-1].memory.items():
            print(f"{weight:8.1f} MiB  {process}")
    ours, theirs = (
        median(sum(idle.memory.values()) for idle in seen[tree]) for tree in (ROOT, other)
    )
    ready, before = (median(idle.ready for idle in seen[tree]) for tree in (ROOT, other))
    print(HEAD)
    tell_goal(
        "memory of an idle `make serve`, all its processes",
        f"{ours:.0f} MiB",
        f"{asked.against} {theirs:.0f} MiB",
        f"{ours / theirs:.2f}",
        f"≤ {SHARE}",
        ours <= SHARE * theirs,
    )
    tell_goal(
        "from the command to ready",
        f"{ready:.2f} s",
        f"{asked.against} {before:.2f} s",
        f"{ready / before:.2f}",
        f"< {LONGEST_START:g} s",
        ready < LONGEST_START,
    )


if __name__ == "__main__":
    main()
