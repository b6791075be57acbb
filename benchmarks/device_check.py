"""Everything that only a GPU can tell, in one run of under eight minutes; also on a CPU, small.

    make device-check                      # on CUDA where there is a device, else small on the CPU
    make device-check ARGS="--device cuda --quora quora_question_pairs.parquet"
    make device-check ARGS="--only training service"

Three parts, each a process of its own with a limit of its own, so that a failure hides no other:
the promises of training (`tests/device`), many runs at once (`gpu_stack.py`), and the service from
the POST to the verdict (`device_service.py`). What they say goes to the terminal; what came out
goes to `--out` as JSON, and as a table beside it. The script ends with 1 where a part failed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from goals import HEAD

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Part:
    name: str
    command: tuple[str, ...]
    limit: float
    """Seconds after which it is ended, and counts as failed."""


@dataclass(frozen=True)
class Outcome:
    name: str
    command: str
    ok: bool
    seconds: float
    said: list[str]
    """The last lines of its output."""
    goals: list[str]
    """Its rows of the table of goals."""


def parts_of(device: str, quora: str | None) -> tuple[Part, ...]:
    """On a GPU the sizes of the goals; on a CPU the smallest that go through every line."""
    tests = ("-m", "pytest", "-q", "-n", "0", "-m", "device", "tests/device")
    stack = ["benchmarks/gpu_stack.py", *([quora] if quora else []), "--device", device]
    service = ["benchmarks/device_service.py", "--device", device]
    if device == "cpu":
        stack += ["--runs", "2", "--steps", "2", "--sample", "1", "--processes", "1"]
        stack += ["--width", "16"]
        service += ["--seeds", "1", "--steps", "5", "--stack", "2"]
    patience = 1 if device == "cuda" else 3  # a busy CPU is no failure
    return (
        Part("training", tests, 150 * patience),
        Part("stacks", tuple(stack), 210 * patience),
        Part("service", tuple(service), 120 * patience),
    )


def carried_out(part: Part, device: str) -> Outcome:
    """Run a part; its output is shown as it comes."""
    command = [sys.executable, *part.command]
    shown = " ".join(part.command)
    print(f"\n## {part.name}\n$ python {shown}", flush=True)
    environment = {**os.environ, "TRIPLETLAB_TEST_DEVICE": device}
    if device == "cpu":  # small: `gpu_stack.py` would take the Quora pairs from there
        environment.pop("TRIPLETLAB_QUORA_FILE", None)
    begun, lines = time.perf_counter(), list[str]()
    with subprocess.Popen(
        ["timeout", "--kill-after=5", str(part.limit), *command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    taken = time.perf_counter() - begun
    goals = [line for line in lines if line.startswith("| ")]
    return Outcome(part.name, shown, process.returncode == 0, taken, lines[-30:], goals)


def has_cuda() -> bool:
    import torch  # takes seconds, and a check that is told to stay on the CPU asks nothing of it

    return torch.cuda.is_available()


def machine(device: str) -> dict[str, str]:
    name, cuda = f"CPU ({platform.machine()})", "–"
    if device == "cuda":
        import torch

        name, cuda = torch.cuda.get_device_name(), str(torch.version.cuda)
    return {
        "device": name,
        "torch": version("torch"),
        "cuda": cuda,
        "python": platform.python_version(),
    }


def table(on: dict[str, str], outcomes: Sequence[Outcome]) -> str:
    """The report in Markdown: each part with its end, then the figures that have a goal."""
    lines = [", ".join(f"{name} {value}" for name, value in on.items()), ""]
    lines += ["| part | seconds | ended |", "| --- | --- | --- |"]
    lines += [
        f"| {one.name} | {one.seconds:.0f} | {'well' if one.ok else '**failed**'} |"
        for one in outcomes
    ]
    goals = [row for one in outcomes for row in one.goals]
    if goals and on["cuda"] != "–":  # the goals are those of a GPU
        lines += ["", HEAD, *goals]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), help="CUDA where it is there")
    parser.add_argument("--quora", default=os.environ.get("TRIPLETLAB_QUORA_FILE"))
    parser.add_argument("--only", nargs="+", choices=("training", "stacks", "service"))
    parser.add_argument("--out", type=Path, default=Path("device-check.json"))
    asked = parser.parse_args()
    if asked.device == "cuda" and not has_cuda():
        sys.exit("this machine has no CUDA device that torch can use")
    device = asked.device or ("cuda" if has_cuda() else "cpu")
    on = machine(device)
    outcomes: list[Outcome] = []
    for part in parts_of(device, asked.quora if device == "cuda" else None):
        if asked.only and part.name not in asked.only:
            continue
        outcomes.append(carried_out(part, device))
        # after each part: whoever ends this script keeps what was found
        report = {"machine": on, "parts": [asdict(one) for one in outcomes]}
        asked.out.write_text(json.dumps(report, indent=1, ensure_ascii=False))
        asked.out.with_suffix(".md").write_text(table(on, outcomes))
    print(f"\n{table(on, outcomes)}")
    sys.exit(any(not one.ok for one in outcomes))


if __name__ == "__main__":
    main()
